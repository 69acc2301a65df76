"use strict";
// Language, sorting and search; without it the page shows both languages, one after the other.
const editions = [...document.querySelectorAll(".edition")];

function show(language) {
  for (const edition of editions) {
    edition.hidden = edition.lang !== language;
    if (!edition.hidden) document.title = edition.dataset.title;
  }
  document.documentElement.lang = language;
}

function asked() {
  const wanted = new URLSearchParams(location.search).get("lang");
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target) return target.closest(".edition").lang;
  return editions.some((edition) => edition.lang === wanted) ? wanted : editions[0].lang;
}

function chosen(language) {
  const here = document.querySelector(".edition:not([hidden])");
  const section = [...here.querySelectorAll("section")].find((part) => part.getBoundingClientRect().bottom > 80);
  const place = section && section.getBoundingClientRect().top < 80 ? [...here.querySelectorAll("section")].indexOf(section) : -1;
  show(language);
  const now = editions.find((edition) => edition.lang === language);
  if (place >= 0) now.querySelectorAll("section")[place].scrollIntoView({ behavior: "instant" });
  now.querySelector(`[data-language="${language}"]`).focus({ preventScroll: true });
}

for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => chosen(button.dataset.language));
}

function sort(table, heading) {
  const column = heading.cellIndex;
  const body = table.tBodies[0];
  const numbers = heading.classList.contains("n");
  const first = numbers ? "descending" : "ascending";
  const order = heading.getAttribute("aria-sort") === first ? (numbers ? "ascending" : "descending") : first;
  for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", order);
  const sign = order === "ascending" ? 1 : -1;
  const key = (row) => (numbers ? Number(row.cells[column].dataset.value || -1) : row.cells[column].textContent.trim());
  const compare = numbers ? (a, b) => a - b : new Intl.Collator("id").compare;
  const rows = [...body.rows].map((row) => [key(row), row]);
  rows.sort((a, b) => sign * compare(a[0], b[0]));
  body.append(...rows.map((pair) => pair[1]));
}

for (const table of document.querySelectorAll("table.sortable")) {
  for (const heading of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(table, heading));
    heading.append(button);
  }
}

for (const input of document.querySelectorAll(".find input")) {
  const rows = [...input.closest("details").querySelectorAll("tbody tr")];
  const output = input.parentNode.querySelector("output");
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
    const shown = rows.filter((row) => !row.hidden).length;
    output.textContent = output.dataset.text.replace("{shown}", shown).replace("{all}", rows.length);
  });
}

function arrive() {
  show(asked());
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView({ behavior: "instant" });
}

window.addEventListener("hashchange", arrive);
arrive();
