"""The catalog's components as HTML: a function each, `(sheet, node) → markup`."""
