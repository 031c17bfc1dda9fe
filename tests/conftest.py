"""What every test can ask for."""

pytest_plugins = ["race401.harness.pytest_plugin"]
