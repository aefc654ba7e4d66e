"""The tables the papers are known by, reproduced from the networks' definitions, and the networks they compare.

`tables_text()` and `tables_json()` give all of them; `layers_text(name)` every layer of one network;
`unexplained()` the rows that do not hold.
"""

from golden.tables.compared import COMPARED, compared
from golden.tables.published import tables
from golden.tables.render import layers_text, tables_text
from golden.tables.report import tables_json, unexplained

__all__ = ["COMPARED", "compared", "layers_text", "tables", "tables_json", "tables_text", "unexplained"]
