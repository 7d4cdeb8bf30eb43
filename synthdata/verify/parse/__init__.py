"""Reading a response: the code in it, what each piece of code is, and the commands in that."""
