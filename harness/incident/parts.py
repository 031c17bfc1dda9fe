"""What makes the client of a guard: race401's own stands where somebody's will, with what its scene asks for."""

PARTS = {
    "client that follows redirects": '''
        def client_of(server, tokens):
            """Your client, signed in with these tokens. Until it is here: race401's own, which is sound."""
            auth = TokenAuth(AuthServer(server.auth_url), policy=POLICY)
            auth.sign_in(TokenPair.from_answer(tokens))
            return httpx.AsyncClient(base_url=server.url, auth=auth, follow_redirects=True)
        ''',
    "client that signs in": '''
        def client_of(server):
            """Your client, which signs in by itself. Until it is here: race401's own, which does so once."""
            auth = TokenAuth(AuthServer(server.auth_url), policy=POLICY)
            auth.sign_in(AuthServer(server.auth_url).sign_in(server.email, server.password))
            return httpx.AsyncClient(base_url=server.url, auth=auth)
        ''',
    "client": '''
        def client_of(server, tokens):
            """Your client, signed in with these tokens. Until it is here: race401's own, which is sound."""
            auth = TokenAuth(AuthServer(server.auth_url), policy=POLICY)
            auth.sign_in(TokenPair.from_answer(tokens))
            return httpx.AsyncClient(base_url=server.url, auth=auth)
        ''',
    "client that signs out": '''
        def client_of(server, tokens):
            """Your client, signed in with these tokens. Until it is here: race401's own, which is sound."""
            auth = TokenAuth(AuthServer(server.auth_url), policy=POLICY)
            auth.sign_in(TokenPair.from_answer(tokens))
            return httpx.AsyncClient(base_url=server.url, auth=auth)


        async def sign_out(client, server):
            """Your client's sign-out: at the auth server, and on its own side."""
            auth = client.auth
            await asyncio.to_thread(AuthServer(server.auth_url).sign_out, auth.store.read())
            auth.sign_out()
        ''',
    "clients over one storage": '''
        def client_of(server, tokens, storage):
            """Your client over a storage that others share. Until it is here: race401's own, which is sound."""
            store = FileStore(storage)
            auth = TokenAuth(AuthServer(server.auth_url), store=store, policy=POLICY, tab_lock=store.lock)
            if store.read() is None:
                auth.sign_in(TokenPair.from_answer(tokens))
            return httpx.AsyncClient(base_url=server.url, auth=auth)
        ''',
}
