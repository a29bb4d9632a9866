"""The examination of finished templates: pure functions over written files.

`stacks.py` walks through the templates; the rules are in `pinned_images.rules`.
"""

from pinned_images.examination.examination import Examination
from pinned_images.examination.examine import examine, examine_app
from pinned_images.examination.overridden import corrected

__all__ = ["Examination", "corrected", "examine", "examine_app"]
