"""Interactive drawings: the JavaScript that draws them, and the payloads that it reads.

The app and the exported interactive page show the same files. Each script exports one function that takes `data`, the
element to draw into and `setTriggerValue`, which tells of a click.
"""
