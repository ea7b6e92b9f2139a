"""What holds for every page: nothing is fetched, everything can be read, by eye, by keyboard and by a screen reader."""

import pathlib

import pytest

PAGES = ["whole", "bare", "compare"]
THEMES = ["light", "dark"]
CONTRAST = pathlib.Path(__file__).with_name("contrast.js").read_text()

every_page = pytest.mark.parametrize("name", PAGES)
both_themes = pytest.mark.parametrize("theme", THEMES)


@every_page
def test_it_asks_for_nothing_and_complains_of_nothing(view, name):
    seen = view(name)
    seen.page.wait_for_load_state("networkidle")
    fetched = [url for url in seen.requests if not url.startswith("data:")]
    assert fetched == [seen.own]
    assert seen.complaints == []


@every_page
def test_every_figure_has_marks_texts_and_alternatives(view, name):
    figures = view(name).page.evaluate(
        """() => [...document.querySelectorAll('figure')].map(figure => {
            const svg = figure.querySelector('svg[role=img]');
            const boxes = [...svg.querySelectorAll('path, rect, polyline, polygon, circle, line')]
                .map(mark => mark.getBoundingClientRect());
            const label = svg.getAttribute('aria-labelledby').split(' ')
                .map(id => document.getElementById(id).textContent);
            return {
                id: figure.id,
                marks: boxes.filter(box => box.width > 0 || box.height > 0).length,
                area: boxes.some(box => box.width > 2 && box.height > 2),
                texts: [...svg.querySelectorAll('text')].filter(text => text.textContent.trim()).length,
                caption: figure.querySelector('figcaption').textContent,
                label,
                rows: figure.querySelectorAll('details table tbody tr').length,
                heads: figure.querySelectorAll('details table th[scope=col]').length,
            };
        })"""
    )
    assert len(figures) >= {"whole": 15, "bare": 9, "compare": 1}[name]
    for figure in figures:
        # Where no fire is found, no bar has a length.
        assert figure["marks"] >= 4 and (figure["area"] or figure["id"] == "found"), figure
        assert figure["texts"] >= 4, figure
        assert figure["caption"] and all(figure["label"]) and len(figure["label"]) == 2, figure
        assert figure["rows"] >= 1 and figure["heads"] >= 2, figure


@every_page
def test_its_structure_is_in_order(view, name):
    page = view(name).page
    assert page.evaluate("document.documentElement.lang") == "en"
    levels = page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(heading => Number(heading.tagName[1]))"
    )
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:]))
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(element => element.id)")
    assert len(ids) == len(set(ids))
    broken = page.evaluate(
        "[...document.querySelectorAll('a')].map(a => a.hash.slice(1)).filter(id => !document.getElementById(id))"
    )
    assert broken == []
    pictures = page.evaluate(
        "[...document.images].map(image => [image.alt, image.naturalWidth, image.src.slice(0, 15)])"
    )
    scenarios = page.locator(".scenes tbody tr").count() - 1 if name == "whole" else 0
    assert len(pictures) == 2 * scenarios and (scenarios > 8 or name != "whole")
    assert all(alt and width == 80 and source == "data:image/png;" for alt, width, source in pictures)


@every_page
@both_themes
def test_all_text_has_contrast(view, name, theme):
    page = view(name, color_scheme=theme).page
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    found = page.evaluate(CONTRAST)
    assert found["texts"] > 50
    assert found["weak"] == []


@every_page
def test_the_button_and_the_system_both_choose_the_theme(view, name):
    light, dark = (view(name, color_scheme=theme) for theme in THEMES)
    assert light.ground() != dark.ground()
    bright, dim = light.ground(), dark.ground()
    button = light.page.get_by_role("button")
    assert button.text_content() == "Dark theme"
    button.focus()
    light.page.keyboard.press("Enter")
    assert light.ground() == dim and button.text_content() == "Light theme"
    light.page.keyboard.press("Enter")
    assert light.ground() == bright
    dark.page.get_by_role("button").click()
    assert dark.ground() == bright
    # The system's choice is followed as long as nothing else was chosen.
    other = view(name, color_scheme="light")
    other.page.emulate_media(color_scheme="dark")
    assert other.ground() == dim


@every_page
def test_the_tab_key_reaches_every_control(view, name):
    page = view(name).page
    expected = page.evaluate(
        """() => {
            const all = [...document.querySelectorAll('a[href], button, summary, [tabindex="0"]')];
            all.forEach((element, number) => element.dataset.number = number);
            return all.filter(element => element.checkVisibility()).map(element => element.dataset.number);
        }"""
    )
    assert len(expected) >= 8
    reached = []
    for _ in range(len(expected) + 1):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.dataset.number ?? null"))
    assert reached[: len(expected)] == expected
    # The first of them leads past all the others.
    page.keyboard.press("Home")
    page.locator(".skip").focus()
    assert page.locator(".skip").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@every_page
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_window(view, name, width):
    page = view(name, viewport={"width": width, "height": 800}).page
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    sizes = page.evaluate("[...document.querySelectorAll('figure svg[role=img]')].map(svg => svg.clientWidth)")
    assert all(200 <= size <= width for size in sizes)


@every_page
@both_themes
def test_it_is_printed_dark_on_white(view, name, theme):
    seen = view(name, color_scheme=theme)
    seen.page.emulate_media(media="print", color_scheme=theme)
    assert seen.ground() == "rgb(255, 255, 255)"
    hidden = seen.page.evaluate(
        "[...document.querySelectorAll('nav, button, details, .skip')].every(element => !element.checkVisibility())"
    )
    assert hidden
    found = seen.page.evaluate(CONTRAST)
    assert found["texts"] > 30 and found["weak"] == []
    assert seen.page.pdf().startswith(b"%PDF")


@every_page
def test_it_is_whole_without_its_script(view, name):
    with_script, without = view(name).page, view(name, java_script_enabled=False).page
    for selector in ["h2", "figure svg[role=img]", "table", "p"]:
        assert with_script.locator(selector).count() == without.locator(selector).count() > 0
    assert without.locator("button").is_hidden()
