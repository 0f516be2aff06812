"""From a task in words to questions that the data can be asked, and their statements."""
