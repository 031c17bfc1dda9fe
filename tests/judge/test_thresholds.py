"""The gate's settings: where they come from, which wins, and what is refused in one line."""

from pathlib import Path

import pytest

from race401.harness.judge.thresholds import SETTINGS, Thresholds, WrongSetting, from_file, given, number


def written(tmp_path: Path, text: str, name: str = "race401.toml") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_a_file_of_its_own_has_them_at_the_top(tmp_path: Path) -> None:
    assert from_file(written(tmp_path, "caller-401s = 2\nsignificance = 0.01\n")) == {
        "caller_401s": 2,
        "significance": 0.01,
    }


def test_pyproject_has_a_table_of_ours(tmp_path: Path) -> None:
    text = "[tool.other]\nx = 1\n[tool.race401]\nexchanges-per-session = 1\n"
    assert from_file(written(tmp_path, text, "pyproject.toml")) == {"exchanges_per_session": 1}
    assert from_file(written(tmp_path, "[project]\n", "pyproject.toml")) == {}


def test_every_setting_can_be_given() -> None:
    values = {name: 1 if setting.type is int else 0.5 for name, setting in SETTINGS.items()}
    assert len(values) == len(Thresholds.__dataclass_fields__)
    assert Thresholds(**given(values, "here")).limit("store-reads-per-request") == 0.5  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("caller-401 = 1", "race401.toml: unknown setting 'caller-401'; known: significance, caller-401s"),
        ("caller_401s = 1", "unknown setting 'caller_401s'"),
        ("caller-401s = 1.5", "caller-401s = 1.5: it must be a whole number, 0 or more"),
        ("caller-401s = true", "caller-401s = True: it must be a whole number"),
        ("caller-401s = -1", "caller-401s = -1: it must be"),
        ('significance = "low"', "significance = 'low': it must be a share"),
        ("significance = 1.0", "significance = 1.0: it must be a share below 1"),
        ("exchanges-per-session = nan", "exchanges-per-session = nan: it must be a share"),
        ("caller-401s 1", "race401.toml: not TOML: "),
    ],
)
def test_what_is_no_setting_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(WrongSetting) as refused:
        from_file(written(tmp_path, text))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongSetting, match="No such file"):
        from_file(tmp_path / "none.toml")


def test_a_table_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongSetting, match=r"\[tool.race401\] is no table"):
        from_file(written(tmp_path, "[tool]\nrace401 = 1\n", "pyproject.toml"))


@pytest.mark.parametrize(("word", "value"), [("2", 2), ("0.5", 0.5), ("many", "many")])
def test_words_of_the_command_line_are_numbers(word: str, value: object) -> None:
    assert number(word) == value
