"""Views: frames as an eye, or a filter, delivers them.

>>> from catsight.views import Eye
>>> cat = Eye.load("cat")
>>> seen = cat.see(rgb, field_of_view=16, luminance=100)  # doctest: +SKIP
"""

from catsight.views.eye import Eye
from catsight.views.filters import FILTERS
from catsight.views.pupil import Pupil

__all__ = ["FILTERS", "Eye", "Pupil"]
