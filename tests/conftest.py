"""What every test starts from."""

import os

from hypothesis import settings

# A developer's own configuration must not change what is tested.
os.environ["XDG_CONFIG_HOME"] = "/nonexistent"

if "CI" not in os.environ:  # there hypothesis has a profile of its own, the same examples in every run
    # How long an example takes says nothing on a loaded machine.
    settings.register_profile("portsock", deadline=None)
    settings.load_profile("portsock")
