"""The HTML report in a real browser, from a file: offline, without an error, and it does what it says."""

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hw.config import load_config
from hw.memory_timing import MemoryTiming
from sim.explore.cache import Cache
from sim.explore.flow import Exploration, explore
from sim.explore.html import explore_html
from sim.explore.point import Task, evaluate
from sim.explore.report import explore_report
from tests.sim.explore.made_up import NETWORK, request

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run", "--window-size=1400,2600")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Exploration:
    """Six engines, all with the account of one that was really timed, but cycles of their own."""
    real = evaluate(Task(network=NETWORK, config=load_config("small"), memory=MemoryTiming()))

    def runner(tasks):
        for number, key in enumerate(tasks):
            yield key, {**real, "total": {**real["total"], "cycles": real["total"]["cycles"] + 1000 * number}}

    asked = request(pixels=(1, 2), requantise_lanes=(2, 4), activation_kib=(64, 512))
    return explore(asked, runner, Cache(tmp_path_factory.mktemp("cache")), None)


@pytest.fixture(scope="module")
def page(found: Exploration, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("plotly", reason="plotly is not installed")
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(explore_html(found, explore_report(found, "</script><b>a network</b>")), encoding="utf-8")
    return path


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("chromium and chromedriver are not installed (Debian: chromium, chromium-driver)")
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={tmp_path}"):
        options.add_argument(flag)
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    started.implicitly_wait(20)
    yield started
    started.quit()


def text(browser: Any, name: str) -> str:
    return browser.find_element("id", name).text


def test_a_point_is_selected_and_its_configuration_copied(browser: Any, page: Path, found: Exploration) -> None:
    from selenium.webdriver import ActionChains, Keys
    from selenium.webdriver.support.wait import WebDriverWait

    browser.get(page.as_uri())
    assert "</script><b>a network</b> on Lattice ECP5 LFE5U-85F" in text(browser, "title")
    assert found.choice is not None
    assert text(browser, "name") == found.candidates[found.choice].config.name

    # A point of the front that is not the choice, clicked in the scatter plot; choice and selection are drawn over it.
    front, _, _ = browser.find_elements("css selector", "#scatter .scatterlayer .trace")[-3:]
    points = front.find_elements("css selector", ".point")
    assert len(points) == sum(found.front)
    others = [point for index, point in enumerate(found.candidates) if found.front[index] and index != found.choice]
    on_front = [point for point, front in zip(found.candidates, found.front, strict=True) if front]
    ActionChains(browser).move_to_element(points[on_front.index(others[0])]).pause(0.3).click().perform()
    name = others[0].config.name
    assert text(browser, "name") == name
    assert browser.find_element("css selector", "#points tr.selected td").text == name
    for figure in ("layers", "stalls", "timeline"):
        assert browser.find_elements("css selector", f"#{figure} .point path"), figure

    # Its configuration goes through the clipboard into the filter, and means the same engine.
    browser.find_element("id", "copy").click()
    WebDriverWait(browser, 20).until(lambda _: text(browser, "copied") == "copied")
    search = browser.find_element("id", "filter")
    search.send_keys(Keys.CONTROL, "v")
    pasted = search.get_property("value")
    assert load_config(pasted).hash == others[0].config.hash
    assert errors(browser) == []


def test_the_table_is_sorted_and_filtered(browser: Any, page: Path, found: Exploration) -> None:
    browser.get(page.as_uri())
    fastest = sorted((point for point in found.candidates if point.runs), key=lambda point: point.cycles)

    def names() -> list[str]:
        return [cell.text for cell in browser.find_elements("css selector", "#points tbody td:first-child")]

    assert names()[:len(fastest)] == [point.config.name for point in fastest]
    assert len(names()) == len(found.candidates)
    browser.find_elements("css selector", "#points th button")[2].click()  # most cycles first
    assert names()[:len(fastest)] == [point.config.name for point in reversed(fastest)]
    pixels = fastest[0].config.pe_pixels
    browser.find_element("id", "filter").send_keys(f"8x8x{pixels} cycles<{fastest[-1].cycles}")
    assert set(names()) == {point.config.name for point in fastest[:-1] if point.config.pe_pixels == pixels}
    browser.find_element("id", "theme").click()
    assert browser.execute_script("return document.documentElement.dataset.theme") == "dark"
    assert errors(browser) == []


def test_a_page_that_is_broken_is_noticed(browser: Any, page: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.html"
    broken.write_text(page.read_text(encoding="utf-8").replace("drawBalance();", "drawBalence();"), encoding="utf-8")
    browser.get(broken.as_uri())
    assert errors(browser)


def test_nothing_fits_is_a_page_too(browser: Any, found: Exploration, tmp_path: Path) -> None:
    pytest.importorskip("plotly", reason="plotly is not installed")
    nothing = dataclasses.replace(found, candidates=[], front=[], choice=None)
    path = tmp_path / "nothing.html"
    path.write_text(explore_html(nothing, explore_report(nothing, "it")), encoding="utf-8")
    browser.get(path.as_uri())
    assert errors(browser) == []
    assert not browser.find_element("id", "copy").is_enabled()


def errors(browser: Any) -> list[str]:
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


def test_it_needs_no_network(page: Path) -> None:
    head, *_ = page.read_text(encoding="utf-8").split('<script id="data"')
    assert "http" not in head
