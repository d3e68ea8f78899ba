"""What a person looks at: one page of before and after, for a picture or for a folder."""

from dipcli.report.page import is_ours, page
from dipcli.report.view import View, view_of

__all__ = ["View", "is_ours", "page", "view_of"]
