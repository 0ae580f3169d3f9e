"""A study: its validated configuration, and from it the spec of every job."""

from catsight.study.study import Study

__all__ = ["Study"]
