"""Where a user's programs keep what they can make or fetch anew."""

import os
import sys
from pathlib import Path


def user_cache() -> Path | None:
    """nbcnn's folder in the cache of the user; None where he has no home."""
    if sys.platform == "win32":
        given, usual = os.environ.get("LOCALAPPDATA", ""), "~/AppData/Local"
    elif sys.platform == "darwin":
        given, usual = "", "~/Library/Caches"
    else:
        given, usual = os.environ.get("XDG_CACHE_HOME", ""), "~/.cache"
    # The XDG specification has what is no absolute path ignored.
    folder = Path(given if os.path.isabs(given) else os.path.expanduser(usual))
    return folder / "nbcnn" if folder.is_absolute() else None
