"""The cycle report as people meet it, in headless Chromium: two languages, keyboard, phone, print; and asks nobody."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pypdf
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from orchestration.report.language import words
from tests.browser.conftest import CHROMIUM
from tests.pipeline.platform import Platform
from tests.pipeline.story import DECEMBER, NOVEMBER, Blocked, Recovered

pytestmark = pytest.mark.browser

ENGLISH = set(
    "the of and is are was not by with which this that than what why families family gate gates passed failed removed"
    " held kept eligible waiting unfilled quota total share value limit shown every province regency list next paid"
    " before after difference left joined candidate released".split()
)
INDONESIAN = set(
    "yang dan di dari ini itu tidak adalah dengan untuk pada keluarga gerbang lolos gagal dikeluarkan ditahan tetap"
    " layak menunggu kuota jumlah bagian nilai batas setiap provinsi daftar berikutnya dibayar sebelum sesudah selisih"
    " keluar masuk kandidat dirilis siklus".split()
)
OWN_NAMES = {"total"}
"""Words that are the same in the other language, or part of a name."""

SAID = """edition => {
  const copy = edition.cloneNode(true);
  copy.querySelectorAll('code, .code, .language, [data-person] td, .who, .attention').forEach(part => part.remove());
  const names = [...copy.querySelectorAll('[aria-label]')].map(part => part.getAttribute('aria-label'));
  const shown = [...copy.querySelectorAll('[data-text]')].map(part => part.dataset.text);
  copy.querySelectorAll('tbody tr[data-area] > th').forEach(part => part.remove());
  copy.querySelectorAll('.tiles').forEach(part => part.querySelectorAll('g, desc').forEach(name => name.remove()));
  return [copy.textContent, ...names, ...shown].join(' \\n ');
}"""


CONTRASTS = """() => {
  const linear = part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const light = colour => colour.match(/[0-9.]+/g).slice(0, 3)
    .reduce((sum, part, at) => sum + linear(part / 255) * [0.2126, 0.7152, 0.0722][at], 0);
  const fill = part => light(getComputedStyle(part).fill);
  const maps = [...document.querySelectorAll('.edition:not([hidden]) .tiles')];
  return maps.flatMap(map => ['s0', 's1', 's2', 's3', 's4'].map((shade, at) => {
    const tile = map.querySelectorAll('g')[at];
    tile.setAttribute('class', shade);
    const pair = [fill(tile.querySelector('rect')), fill(tile.querySelector('text'))];
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  }));
}"""


@pytest.fixture(scope="module")
def address(platform: Platform, blocked: Blocked, recovered: Recovered) -> str:
    """Of December's release, once the whole story is told: no job runs beside a browser."""
    return (platform.settings.reports / DECEMBER / "r01.html").as_uri()


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US") as context:
        yield context


@pytest.fixture
def opened(context: BrowserContext) -> Iterator[Callable[..., Page]]:
    """Opens a page in which nothing goes wrong and which asks for no other file."""
    pages: list[Page] = []
    asked: list[str] = []
    wrong: list[str] = []
    opened: set[str] = set()

    def open_page(address: str, width: int = 1280) -> Page:
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(address)
        opened.add(address.split("?")[0])
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert {url.split("?")[0].split("#")[0] for url in asked} <= {*opened, "about:blank"} and not wrong


def test_each_language_is_complete_and_alone(address: str, opened: Callable[..., Page]) -> None:
    page = opened(address)
    assert page.title() == "Laporan siklus Desember 2025"
    expect(page.locator("html")).to_have_attribute("lang", "id")
    expect(page.locator(".edition:visible")).to_have_attribute("lang", "id")
    page.get_by_role("button", name="English").press("Enter")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("button", name="English")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="English")).to_be_focused()
    assert page.title() == "Cycle report December 2025"
    expect(page.get_by_role("heading", level=1)).to_have_text("Cycle report December 2025")
    for lang, foreign in (("id", ENGLISH), ("en", INDONESIAN)):
        text = page.locator(f".edition[lang={lang}]").evaluate(SAID)
        said = set(re.findall(r"[a-z]+", re.sub(r"\{(shown|all)\}", "", text).lower()))
        assert said & (foreign - OWN_NAMES) == set(), lang
        assert [key for key in words() if re.search(rf"(?<![\w/.]){re.escape(key)}(?![\w/])", text)] == []
        assert "None" not in text and not re.search(r"\{[a-z]+\}", re.sub(r"\{(shown|all)\}", "", text))


def test_english_and_a_place_on_the_page_can_be_asked_for_by_the_address(
    address: str, opened: Callable[..., Page]
) -> None:
    page = opened(f"{address}?lang=en")
    expect(page.locator(".edition:visible")).to_have_attribute("lang", "en")
    page.goto(f"{address}#en-gates")
    page.reload()
    expect(page.locator("#en-gates")).to_be_in_viewport()
    page.goto("about:blank")
    page.goto(f"{address}?lang=fr")
    expect(page.locator(".edition:visible")).to_have_attribute("lang", "id")


def test_links_lead_somewhere_in_the_same_language(
    address: str, opened: Callable[..., Page], platform: Platform
) -> None:
    page = opened(address)
    inside, outside = page.evaluate("""() => {
        const links = [...document.querySelectorAll('a')]
            .map(link => [link.getAttribute('href'), link.closest('.edition').lang]);
        const lost = ([href, lang]) => document.getElementById(href.slice(1))?.closest('.edition').lang !== lang;
        return [links.filter(link => link[0][0] === '#'), links.filter(link => link[0][0] !== '#')]
            .map((some, at) => at ? some : [some.length, some.filter(lost)]);
    }""")
    assert inside[0] > 40 and inside[1] == []
    folder = platform.settings.reports / DECEMBER
    assert [link[0] for link in outside] == [f"../{NOVEMBER}/r01.html"] * 2
    assert all((folder / link[0]).is_file() for link in outside)
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(part => part.id)")
    assert len(ids) == len(set(ids))
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Langsung ke isi")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()


def test_the_regencies_are_sorted_and_searched_by_keyboard(address: str, opened: Callable[..., Page]) -> None:
    page = opened(f"{address}?lang=en")
    table = page.locator("#en-regencies details").nth(1)
    table.locator("summary").press("Enter")
    expect(table.locator("tbody tr")).to_have_count(514)
    heading = table.locator("thead th").nth(1)
    heading.get_by_role("button", name="Listed").press("Enter")
    expect(heading).to_have_attribute("aria-sort", "descending")
    values = "rows => rows.map(row => Number(row.cells[1].dataset.value))"
    listed = table.locator("tbody tr").evaluate_all(values)
    assert listed == sorted(listed, reverse=True) and listed[0] > listed[-1]
    heading.get_by_role("button").press("Space")
    expect(heading).to_have_attribute("aria-sort", "ascending")
    assert table.locator("tbody tr").evaluate_all(values) == sorted(listed)
    table.locator("thead th").first.get_by_role("button").press("Enter")
    expect(table.locator("[aria-sort]")).to_have_count(1)
    names = table.locator("tbody th").all_inner_texts()
    assert names[0].startswith("Kabupaten Aceh Barat") and names[-1].startswith("Kota ")
    table.get_by_role("searchbox").fill("kota ban")
    found = [name for name in table.locator("tbody th:visible").all_inner_texts()]
    assert found and all("kota ban" in name.lower() for name in found)
    expect(table.locator("output")).to_have_text(f"{len(found)} of 514 rows")


def test_on_a_phone_nothing_is_wider_than_the_screen(address: str, opened: Callable[..., Page]) -> None:
    for lang in ("id", "en"):
        page = opened(f"{address}?lang={lang}", width=375)
        page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") == 375
        pictures = page.locator(".flow:visible")
        assert pictures.count() == 3 and all("narrow" in str(one.get_attribute("class")) for one in pictures.all())
        page.emulate_media(media="print")  # paper is narrow, too, and no phone
        assert all("wide" in str(one.get_attribute("class")) for one in pictures.all())
        expect(page.locator(".tiles .amount:visible")).to_have_count(76)


def test_it_prints(address: str, tmp_path: Path) -> None:
    """As anybody prints it: chromium --print-to-pdf."""
    for lang, said, unsaid in (
        ("id", "Laporan siklus Desember 2025", "Cycle report"),
        ("en", "Cycle report December 2025", "Laporan siklus"),
    ):
        pdf = tmp_path / f"{lang}.pdf"
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path}",
            "--no-pdf-header-footer",
        ]
        command = [str(CHROMIUM), *options, f"--print-to-pdf={pdf}", f"{address}?lang={lang}"]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        printed = pypdf.PdfReader(pdf)
        assert 6 <= len(printed.pages) <= 20
        assert [round(float(side)) for side in printed.pages[0].mediabox[2:]] == [595, 842]
        pages = [page.extract_text() for page in printed.pages]
        text = " ".join(pages)
        assert said in pages[0] and unsaid not in text
        assert all(len(page) > 100 for page in pages) and f"{len(pages)} / {len(pages)}" in pages[-1]
        assert "Kabupaten" in text and "SHA-256" in text


@pytest.mark.parametrize("lang", ["id", "en"])
def test_it_meets_wcag_aa(address: str, opened: Callable[..., Page], lang: str) -> None:
    """By the rules of axe; every picture has a name and a description, every table a caption and scopes."""
    page = opened(f"{address}?lang={lang}")
    page.evaluate("""() => {  // axe takes a minute over them: rows like those before them, the other language
        document.querySelector('.edition[hidden]').remove();
        document.querySelectorAll('tbody tr:nth-child(n+3):not(.bad, .warn)').forEach(row => row.remove());
        document.querySelectorAll('details').forEach(part => { part.open = true; });
    }""")
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]})
    assert found.violations_count == 0, found.generate_report()
    bare = page.evaluate("""() => [...document.querySelectorAll('svg[aria-labelledby]')].filter(picture =>
        !picture.getAttribute('aria-labelledby').split(' ').every(id => document.getElementById(id)?.textContent.trim())
        || !picture.querySelector('desc'))
        .concat([...document.querySelectorAll('table')]
            .filter(table => !table.caption || table.querySelector('th:not([scope])')))
        .length""")
    assert bare == 0
    assert page.locator("svg[role=img]:not([aria-labelledby]):not([aria-label])").count() == 0


def test_tiles_can_be_read(address: str, opened: Callable[..., Page]) -> None:
    """The contrast of each tile's letters with its colour, which axe does not measure in pictures."""
    ratios = opened(address).evaluate(CONTRASTS)
    assert len(ratios) == 10 and min(ratios) >= 4.5


def test_without_scripts_both_languages_can_be_read(address: str, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_have_text(
            ["Laporan siklus Desember 2025", "Cycle report December 2025"]
        )


def test_a_blocked_cycle_says_what_to_do(platform: Platform, blocked: Blocked, opened: Callable[..., Page]) -> None:
    path: Path = platform.settings.reports / NOVEMBER / "cycle-report.html"
    page = opened(path.as_uri())
    expect(page.get_by_text("Diblokir oleh gerbang mutu, tidak dapat dirilis")).to_be_visible()
    expect(page.locator("#gates tr.bad").first).to_contain_text("minta kiriman yang diperbaiki")
    page.goto(f"{path.as_uri()}?lang=en")
    expect(page.locator("#en-gates tr.bad").first).to_contain_text("ask for a corrected delivery")
    expect(page.get_by_role("link", name="Gates in detail")).to_have_attribute("href", "data_docs/index.html")
