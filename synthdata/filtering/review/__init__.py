"""Looking before cutting: sliders, pictures, and rows judged by a reviewer."""
