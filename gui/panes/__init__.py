"""The areas of the window. A pane says what the user did (signals) and is told what to show (calls)."""
