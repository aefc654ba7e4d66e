"""All tables, in the order in which they are shown."""

from golden.tables import (
    applications,
    architectures,
    comparisons,
    distributed,
    formulas,
    other_papers,
    v1_tables,
    v2_tables,
)
from golden.tables.rows import Table

BUILDERS = (
    architectures.body,
    v1_tables.layer_types,
    v1_tables.one_layer,
    v1_tables.full_convolutions,
    v1_tables.narrow_or_shallow,
    v1_tables.width,
    v1_tables.resolution,
    comparisons.popular,
    comparisons.smaller,
    comparisons.factors,
    applications.dogs,
    applications.faces,
    applications.detection,
    formulas.separable,
    architectures.bottlenecks,
    v2_tables.imagenet,
    v2_tables.smallest,
    v2_tables.heads,
    v2_tables.detectors,
    formulas.bottleneck,
    other_papers.shufflenet_groups,
    other_papers.shufflenet_compared,
    other_papers.googlenet_sections,
    distributed.slim_v1,
    distributed.slim_v2,
    distributed.exact,
)


def tables() -> tuple[Table, ...]:
    """Every table, freshly computed."""
    return tuple(build() for build in BUILDERS)
