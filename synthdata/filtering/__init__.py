"""Which rows are kept: thresholds, reasons, the rows at the cut."""
