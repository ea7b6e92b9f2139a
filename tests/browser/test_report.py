"""What the report of a whole run shows, and what one of nearly nothing says instead."""

import pathlib
import re

FEATURES = pathlib.Path(__file__).parents[2] / "docs/FEATURES.md"


def test_the_page_begins_with_an_honest_verdict(view):
    verdict = view("whole").page.locator(".verdict")
    text = verdict.text_content()
    assert "within 60 s" in text and "false alarms a day" in text
    # Twenty small trees on 4,000 rows protect nobody.
    assert "not fit to protect anybody" in text


def test_models_are_told_apart_by_more_than_colour(view):
    page = view("whole").page
    lines = page.evaluate(
        """() => [...document.querySelectorAll('#roc svg[role=img] polyline')]
            .map(line => [line.getAttribute('stroke'), line.getAttribute('stroke-dasharray')])
            .filter(([stroke]) => stroke.startsWith('var(--series-'))"""
    )
    legend = page.locator("#roc .legend li").all_text_contents()
    models = len(legend)
    assert len(lines) == models >= 4
    assert len({stroke for stroke, _ in lines}) == len({dashes for _, dashes in lines}) == models
    assert legend[0].startswith("ensemble, AUC 0.")


def test_the_band_holds_the_ensembles_curve(view):
    overlap = view("whole").page.evaluate(
        """() => {
            const band = document.querySelector('#roc svg[role=img] polygon').getBoundingClientRect();
            const lines = [...document.querySelectorAll('#roc svg[role=img] polyline[stroke="var(--series-0)"]')];
            const line = lines.at(-1).getBoundingClientRect();
            return [band.left - line.left, line.right - band.right].map(Math.abs);
        }"""
    )
    assert max(overlap) < 4


def test_the_table_below_a_figure_has_its_numbers(view):
    page = view("whole").page
    models = page.locator("#roc .legend li").count()
    assert page.locator("#calibration tbody tr").count() == 10 * models >= 40
    rows = page.evaluate(
        """() => [...document.querySelectorAll('#calibration tbody tr')]
            .filter(row => row.firstElementChild.textContent === 'ensemble')
            .map(row => Number(row.children[2].textContent.replace(',', '')))"""
    )
    test_rows = page.evaluate(
        """() => [...document.querySelectorAll('table')].flatMap(table => [...table.rows])
            .find(row => row.firstElementChild.textContent === 'test' && row.cells.length > 4).cells[1].textContent"""
    )
    assert sum(rows) == int(test_rows.replace(",", ""))
    # A line of the page for each feature.
    features = re.findall(r"^\| \d+ \|", FEATURES.read_text(), re.MULTILINE)
    assert page.locator("#importances tbody tr").count() == len(features) >= 18


def test_the_page_says_what_is_missing(view):
    page = view("bare").page
    text = page.locator("main").text_content()
    for expected in [
        "No ensemble of this run was deployed",
        "there are no weights",
        "there is no alarm rule to evaluate",
        "not fit to protect anybody",
        "the best possible classifier has",
        "Nothing was deployed from this machine",
    ]:
        assert expected in text, expected
    assert page.locator("#roc svg[role=img] polyline").count() >= 1
    assert page.locator("#found, #trade-off, #weights").count() == 0


def test_a_comparison_says_which_differences_the_rows_can_show(view):
    page = view("compare").page
    rows = page.locator("table").first.locator("tbody tr").all()
    words = [row.locator("td").last.text_content() for row in rows]
    assert len(words) == 6, "two pairs of models, three figures each"
    known = {"no significant difference", "the first is better", "the second is better"}
    assert set(words) <= known
    # Gradient boosting by the same settings on the same rows is the same model.
    same = [row.text_content() for row in rows if row.locator("th").text_content() == "gradient_boosting"]
    assert len(same) == 3 and all("+0.0000 to +0.0000" in text for text in same)
