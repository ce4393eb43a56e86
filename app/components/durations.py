"""Durations in words."""


def duration(seconds: float) -> str:
    """Return a duration in seconds, minutes or hours."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"


def rough_duration(seconds: float) -> str:
    """Return a duration that is only an estimate, to one digit or two."""
    if seconds < 2:
        return "a second"
    if seconds < 10:
        return f"{seconds:.0f} s"
    return duration(5 * round(seconds / 5)) if seconds < 55 else duration(max(seconds, 60))
