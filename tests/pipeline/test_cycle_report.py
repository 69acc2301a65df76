"""The cycle report of real cycles: every figure is that of marts, manifest or difference."""

import stat
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq
import pytest

from orchestration.candidate.manifest import Manifest, read_manifest
from orchestration.publish.difference import Difference, difference
from orchestration.report.content import gather
from orchestration.report.editions import edition
from orchestration.report.page import render, write_report
from orchestration.settings import Settings
from tests.builds import run_killed
from tests.pipeline.platform import SIGNERS, Platform, failures
from tests.pipeline.story import DECEMBER, NOVEMBER, Blocked, Recovered, Released
from tests.report_page import Figure, Marts, Page, read_page, written

pytestmark = pytest.mark.pipeline

ELSEWHERE = {"difference", "decisions", "areas", "gate_results", "data_sets"}
"""What figures can be of beside marts."""


def report_of(settings: Settings, cycle: str, release: str = "cycle-report") -> Path:
    return settings.reports / cycle / f"{release}.html"


@pytest.fixture(scope="module")
def page(platform: Platform, recovered: Recovered) -> Page:
    """The report of December's release."""
    return read_page(report_of(platform.settings, DECEMBER, "r01"))


@pytest.fixture(scope="module")
def folder(platform: Platform, recovered: Recovered) -> Path:
    return platform.settings.releases / DECEMBER / "r01"


@pytest.fixture(scope="module")
def manifest(folder: Path) -> Manifest:
    return read_manifest(folder)[0]


def test_every_figure_is_what_the_marts_say(page: Page, folder: Path) -> None:
    marts = Marts(folder)
    compared = [figure for figure in page.figures if figure.about["of"] not in ELSEWHERE]
    wrong = [figure for figure in compared if differs(figure.value, marts(figure.about))]
    assert len(compared) > 30_000 and wrong == []


def test_every_area_of_every_programme_is_there_in_both_languages(page: Page, folder: Path) -> None:
    funnel = pq.read_table(folder / "marts" / "cycle_funnel.parquet").to_pylist()
    for lang in ("id", "en"):
        for column in ("listed", "next_list_families", "held"):
            stated = {
                (figure.about["programme"], figure.about["area"])
                for figure in page.figures
                if figure.about.get("column") == column and figure.about["of"] == "cycle_funnel"
                and figure.lang == lang and "programme" in figure.about and "whole" not in figure.about
            }  # fmt: skip
            assert stated == {(row["programme"], row["area_code"]) for row in funnel}, (lang, column)
    assert len({row["area_code"] for row in funnel}) == 1 + 38 + 514


def test_both_languages_say_the_same_in_their_own_way(page: Page) -> None:
    said = {
        lang: [
            ({**figure.about, "lang": "", "title": ""}, figure.value) for figure in page.figures if figure.lang == lang
        ]
        for lang in ("id", "en")
    }
    assert said["id"] == said["en"]
    read = [(figure, written(figure)) for figure in page.figures]
    plain = [(figure, number) for figure, number in read if number is not None]
    assert len(plain) > 30_000
    assert [figure for figure, number in plain if abs(figure.value - number) > unshown(figure)] == []


def test_what_changed_is_the_difference_to_the_release_before(page: Page, platform: Platform, folder: Path) -> None:
    settings = platform.settings
    before = settings.releases / NOVEMBER / "r01"
    found = difference(settings, before, folder, None)
    compared = [figure for figure in page.figures if figure.about["of"] in ("difference", "decisions", "areas")]
    assert {figure.about["of"] for figure in compared} == {"difference", "decisions", "areas"}
    assert [figure for figure in compared if figure.value != changed(found, figure)] == []


def test_gates_data_sets_and_signatures_are_those_of_the_manifest(
    page: Page, manifest: Manifest, platform: Platform
) -> None:
    gates = {result.gate: result for result in manifest.gate_results}
    shown = [figure for figure in page.figures if figure.about["of"] == "gate_results"]
    assert {figure.about["gate"] for figure in shown} == set(gates) and len(shown) == 2 * len(gates)
    for figure in shown:
        result = gates[figure.about["gate"]]
        assert (figure.value, figure.about["passed"]) == (result.value, str(result.passed).lower())
    rows = {figure.about["set"]: figure.value for figure in page.figures if figure.about["of"] == "data_sets"}
    assert rows == {name: data_set.rows for name, data_set in manifest.data_sets.items()}
    signed = {(element["person"], element["role"]) for element in page.elements if "person" in element}
    assert signed == set(SIGNERS.items())
    text = report_of(platform.settings, DECEMBER, "r01").read_text()
    for digest in (manifest.statement_sha256, read_manifest(platform.settings.releases / DECEMBER / "r01")[1]):
        assert text.count(digest) >= 2
    assert all(text.count(data_set.content_digest) >= 2 for data_set in manifest.data_sets.values())


def test_the_ten_regencies_are_those_of_the_formula(page: Page, folder: Path) -> None:
    """Reckoned again from the words on the page."""
    scores = expected_scores(folder)
    highest = sorted((code for code in scores if scores[code]), key=lambda code: (-scores[code], code))[:10]
    shown = [element for element in page.elements if "score" in element and element["lang"] == "id"]
    listed = list(dict.fromkeys((element["area"], float(element["score"])) for element in shown))
    assert [code for code, _ in listed] == highest
    assert [score for _, score in listed] == pytest.approx([scores[code] for code in highest], abs=1e-6)


def test_a_blocked_cycle_has_its_report(platform: Platform, blocked: Blocked) -> None:
    said = f"Report: {report_of(platform.settings, NOVEMBER)}"
    assert blocked.run.returncode == 1 and said in blocked.run.stdout
    text = report_of(platform.settings, NOVEMBER).read_text()
    assert "Diblokir oleh gerbang mutu, tidak dapat dirilis" in text
    page = read_page(report_of(platform.settings, NOVEMBER))
    failed = {element["gate"] for element in page.elements if element.get("passed") == "false"}
    manifest, _ = read_manifest(platform.settings.candidates / NOVEMBER)
    assert failed == {result.gate for result in manifest.gate_results if not result.passed}
    assert manifest.statement_sha256 in text


def test_the_release_has_its_own_which_the_blocked_candidate_leaves_alone(
    platform: Platform, released: Released, blocked: Blocked
) -> None:
    path = report_of(platform.settings, NOVEMBER, "r01")
    assert f"Report: {path}" in released.publish.stdout
    text = path.read_text()
    manifest, sha256 = read_manifest(platform.settings.releases / NOVEMBER / "r01")
    assert f'data-manifest="{sha256}"' in text and manifest.statement_sha256 in text
    assert "Belum ada rilis sebelumnya" in text and "Diblokir" not in text


def test_the_command_makes_it_again_byte_for_byte(platform: Platform, recovered: Recovered) -> None:
    path = report_of(platform.settings, DECEMBER, "r01")
    before = path.read_bytes()
    path.write_text("half a page")
    done = platform.mutakhir("report", "--cycle", DECEMBER, "--release", "r01")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, str(path), "")
    assert path.read_bytes() == before
    missing = platform.mutakhir("report", "--cycle", DECEMBER, "--release", "r02")
    assert missing.returncode == 1 and "r02 is not a release: `mutakhir releases`" in missing.stderr


def test_dagster_knows_where_it_is(platform: Platform, recovered: Recovered) -> None:
    with platform.instance() as instance:
        for key, name in (("cycle_report", "cycle-report"), ("release_report", "r01")):
            of = dg.AssetRecordsFilter(dg.AssetKey(key), asset_partitions=[DECEMBER])
            made = instance.fetch_materializations(of, limit=1).records[0].asset_materialization
            assert made and made.metadata["report"].value == report_of(platform.settings, DECEMBER, name).as_uri()


def test_a_kill_leaves_the_report_of_before(november: Platform) -> None:
    path = report_of(november.settings, NOVEMBER, "r01")
    path.write_text("the report of before")
    assert run_killed(november.settings, "report", "r01", "os.rename", 1)
    assert path.read_text() == "the report of before"
    assert [left.name for left in path.parent.glob(".r01.html.*")] != []
    assert write_report(november.settings, NOVEMBER, "r01") == path
    assert path.read_text() != "the report of before" and not list(path.parent.glob(".r01.html.*"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_report_that_cannot_be_made_fails_alone(november: Platform) -> None:
    """What is published is published; the asset says that its report is not there."""
    path = report_of(november.settings, NOVEMBER, "r01")
    path.unlink(missing_ok=True)
    path.mkdir()
    result = november.execute("publish", NOVEMBER)
    path.rmdir()
    assert failures(result).keys() == {"release_report"}
    assert [event.asset_key.to_user_string() for event in result.get_asset_materialization_events()] == ["release"]


def test_what_people_wrote_is_text_and_nothing_else(november: Platform) -> None:
    found = gather(november.settings, edition(november.settings, NOVEMBER, "r01"))
    reason = "<script>alert(1)</script><b>"
    manifest = found.edition.manifest.model_copy(update={"reason": reason})
    page = render(replace(found, edition=replace(found.edition, manifest=manifest)), {})
    assert "<script>alert" not in page and "<b>." not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;&lt;b&gt;") == 2
    assert page.count("<script>") == 1 and "http://" not in page and "https://" not in page


def test_accuracy_is_shown_once_its_mart_is_there(november: Platform) -> None:
    found = gather(november.settings, edition(november.settings, NOVEMBER, "r01"))
    row = {"cycle": NOVEMBER, "programme": "PKH", "area_level": "nation", "area_code": "ID", "reference": "dtsen"}
    row |= {
        "inclusion_error": 0.05,
        "inclusion_error_lower": 0.041,
        "inclusion_error_upper": 0.059,
        "cgh_index": 1.75,
        "intended": 4321,
    }
    assert "Edisi ini belum memiliki mart ketepatan sasaran." in render(replace(found, accuracy=[]), {})
    page = render(replace(found, accuracy=[row]), {})
    assert "belum memiliki" not in page
    for stated in ("4,1%", "5,9%", "5.9%", "1,75", "1.75", "4.321", "4,321"):
        assert f">{stated}<" in page


def unshown(figure: Figure) -> float:
    """How far the text may be from the value: half of the last digit shown, of a share in percent a tenth of one."""
    decimals = figure.text.partition("," if figure.lang == "id" else ".")[2].rstrip(" %")
    return 0.00051 if "%" in figure.text else 0.51 * 10 ** -len(decimals) if decimals.isdigit() else 1e-6


def differs(stated: float | None, expected: float | None, rounded: bool = False) -> bool:
    if stated is None or expected is None:
        return stated is not expected
    return abs(stated - expected) > (0.00051 if rounded else 1e-6)


def changed(found: Difference, figure: Figure) -> float:
    about = figure.about
    if about["of"] == "difference":
        rows = found.programmes
    elif about["of"] == "decisions":
        rows = [row for row in found.decisions if row["decision"] == about["decision"]]
    else:
        rows = [row for row in found.areas if (row["area_code"] or "") == about["area"]]
    (row,) = [row for row in rows if row["programme"] == about["programme"]]
    return float(row[about["column"]])


def expected_scores(folder: Path) -> dict[str, float]:
    def mart(name: str) -> list[dict[str, object]]:
        rows: list[dict[str, object]] = pq.read_table(folder / "marts" / f"{name}.parquet").to_pylist()
        return rows

    def summed(rows: list[dict[str, object]], key: str, *columns: str) -> dict[str, int]:
        sums: dict[str, int] = {}
        for row in rows:
            sums[str(row[key])] = sums.get(str(row[key]), 0) + sum(int(str(row[column] or 0)) for column in columns)
        return sums

    funnel = [row for row in mart("cycle_funnel") if row["area_level"] == "regency" and row["in_force"]]
    drift = [row for row in mart("list_drift") if row["area_level"] == "regency"]
    field = mart("verification_progress")
    listed = summed(funnel, "area_code", "listed")
    signs = [
        (summed(funnel, "area_code", "removed_active", "removed_nominated"), listed),
        (summed(funnel, "area_code", "held"), listed),
        (summed(funnel, "area_code", "pending"), summed(funnel, "area_code", "nominated")),
        (
            summed(field, "regency_code", "verified_not_found", "verified_conflicting"),
            summed(field, "regency_code", "verified"),
        ),
        (
            summed(drift, "area_code", "missing", "unexpected"),
            summed(drift, "area_code", "same", "missing", "status_changed"),
        ),
    ]
    scores = dict.fromkeys(listed, 0.0)
    for counts, bases in signs:
        nation = sum(counts.values()) / max(sum(bases.values()), 1)
        for code, count in counts.items():
            worth = min((count + 10) / (bases[code] * nation + 10) - 1, 3)
            if nation and worth >= 0.05:
                scores[code] += worth
    return scores
