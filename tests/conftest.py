"""What every test can ask for."""

pytest_plugins = ["pytester", "race401.harness.pytest_plugin"]
