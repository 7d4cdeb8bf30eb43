"""What every folder stands on: errors, frames, files, text that may be shown, progress."""
