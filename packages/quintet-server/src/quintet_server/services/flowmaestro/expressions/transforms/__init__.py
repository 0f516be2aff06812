"""The language of transform nodes: lexing, parsing, evaluation, functions."""
