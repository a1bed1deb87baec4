from bistro import App

app = App()


@app.get("/")
async def hello() -> str:
    return "Hello from Bistro"
