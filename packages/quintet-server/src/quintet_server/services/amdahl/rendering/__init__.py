"""Pages with their data: declared queries run, bindings resolved, a document drawn.

For other rooms: `render(parts, project_id, page, params)` in `rendered.py` does it all and gives
`.wire()` for JSON and `await .html(theme)` for a browser. Below it: `running.run_queries`,
`bindings.resolve`, `document.html_page`.
"""
