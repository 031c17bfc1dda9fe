"""supabase_auth, the synchronous client: each call reads the session and sends its token, as the docs show."""

import os

import httpx
from protocol import about, serve
from supabase_auth import SyncGoTrueClient, SyncMemoryStorage

URL = os.environ["SUPABASE_URL"]
WHO = {"email": os.environ["RACE401_EMAIL"], "password": os.environ["RACE401_PASSWORD"]}
TOLD = about(
    "supabase-auth",
    "https://supabase.com/docs/reference/python/auth-getsession",
    name="supabase_auth (sync)",
    world="supabase",
    can=["sign_out", "tabs"],
    claims=["sign_out"],
)


class Client:
    def __init__(self, storage):
        self.storage = storage
        self.auth = SyncGoTrueClient(url=f"{URL}/auth/v1", storage=storage)
        self.api = httpx.Client(base_url=URL)

    def sign_in(self):
        self.auth.sign_in_with_password(WHO)

    def get(self, path):
        session = self.auth.get_session()
        self.api.get(path, headers={"Authorization": f"Bearer {session.access_token}"}).raise_for_status()

    def sign_out(self):
        self.auth.sign_out()

    def tab(self):
        return Client(self.storage)


serve(TOLD, Client(SyncMemoryStorage()))
os._exit(0)  # its timer's thread outlives the client
