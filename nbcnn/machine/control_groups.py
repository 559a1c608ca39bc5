"""Linux's control groups, which limit what the processes of a container may have: of version 1 and 2."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path("/")


def read(path: Path) -> str:
    """The text of a file; nothing where there is none."""
    try:
        return path.read_text()
    except (OSError, ValueError):
        return ""


def groups(controller: str, root: Path) -> Iterator[Path]:
    """The groups whose controller, "cpu" or "memory", may limit this process: its own, then those that these lie in.

    `root` is where / is.
    """
    mounted = root / "sys/fs/cgroup"
    for line in read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            mounts = [mounted, mounted / "unified"]
        elif controller in controllers.split(","):
            mounts = [mounted / controllers, mounted / controller]
        else:
            continue
        # Within a container a path may be the one outside: what lies above it is then where its own files are.
        inside = PurePosixPath(path.lstrip("/"))
        yield from (mount / folder for mount in mounts for folder in (inside, *inside.parents))
