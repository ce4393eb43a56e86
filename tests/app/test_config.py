"""The server as it is shipped: for this machine alone, and silent towards all others."""

import tomllib
from pathlib import Path

import pytest
from streamlit import config

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def settings() -> dict:
    return tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("server", "address", "127.0.0.1"),
        ("server", "allowedHosts", ["localhost", "127.0.0.1"]),
        ("server", "enableXsrfProtection", True),
        ("server", "enableCORS", True),
        ("server", "maxUploadSize", 200),
        ("server", "enableStaticServing", False),
        ("server", "fileWatcherType", "none"),
        ("browser", "gatherUsageStats", False),
        ("client", "showErrorDetails", "none"),
        ("client", "showErrorLinks", False),
        ("client", "toolbarMode", "minimal"),
    ],
)
def test_setting(settings, section, name, value):
    assert settings[section][name] == value


def test_streamlit_knows_every_setting(settings):
    """A misspelt option would be ignored with a warning, and protect nothing."""
    for section, options in settings.items():
        for name, value in options.items():
            inner = [f"{name}.{key}" for key in value] if isinstance(value, dict) else [name]
            assert {f"{section}.{key}" for key in inner} <= set(config._config_options_template)


def test_the_primary_colour_is_not_red(settings):
    for theme in ("light", "dark"):
        red, green, blue = bytes.fromhex(settings["theme"][theme]["primaryColor"].removeprefix("#"))
        assert red < max(green, blue)


def test_nothing_the_browser_gets_names_another_host():
    """Fonts, pictures and scripts come with the app."""
    for path in [ROOT / "streamlit_app.py", *(ROOT / "app").rglob("*")]:
        if path.suffix in (".py", ".js", ".css", ".html", ".svg"):
            text = path.read_text().replace("http://www.w3.org/2000/svg", "").replace('"://"', "")
            text = text.replace("https://arxiv.org/abs/", "")  # a link, which nothing follows but a click
            assert "://" not in text, path
            assert ":material/" not in text, path
