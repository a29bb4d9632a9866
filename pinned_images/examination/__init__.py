"""The last look at finished templates: pure functions over files that are written already.

What is looked at is in `stacks.py`; what rules say of it, in `pinned_images.rules`.
"""

from pinned_images.examination.examination import Examination
from pinned_images.examination.overridden import corrected
from pinned_images.examination.stacks import examine, examine_app

__all__ = ["Examination", "corrected", "examine", "examine_app"]
