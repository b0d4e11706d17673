import FetchInterface
import Testing

@testable import ImageFetch

@Suite struct RegistryChallengeTests {
    // MARK: - Challenges

    @Test func `challenges are told apart`() throws {
        let challenges = try AuthChallenge.parse([
            "Bearer realm=\"https://auth.example.com/token?a=1,2\" , service = registry.example.com,scope=\"a \\\"b\\\", c\"",
            "Negotiate, NTLM abc==, Basic realm=\"x, Bearer realm=evil\", charset=\"UTF-8\"",
            ", ,newauth Realm=\"apps\", type=1,  title=\"Login to \\\"apps\\\"\", Digest realm=\"\"",
        ])
        #expect(
            challenges == [
                AuthChallenge(
                    scheme: "bearer",
                    parameters: [
                        "realm": "https://auth.example.com/token?a=1,2", "service": "registry.example.com",
                        "scope": "a \"b\", c",
                    ]),
                AuthChallenge(scheme: "negotiate", parameters: [:]), AuthChallenge(scheme: "ntlm", parameters: [:]),
                AuthChallenge(scheme: "basic", parameters: ["realm": "x, Bearer realm=evil", "charset": "UTF-8"]),
                AuthChallenge(
                    scheme: "newauth", parameters: ["realm": "apps", "type": "1", "title": "Login to \"apps\""]),
                AuthChallenge(scheme: "digest", parameters: ["realm": ""]),
            ])
        #expect(try AuthChallenge.parse([]) == [])
        #expect(try AuthChallenge.parse([" , "]) == [])
    }

    @Test(arguments: [
        ("Bearer realm=\"x", "a quoted text has no end"), ("Bearer realm=\"x\\", "a quoted text has no end"),
        ("=", "a scheme is missing"), ("Bearer realm=a realm=b", "a comma is missing"),
        ("Bearer realm=a, Realm=b", "a parameter occurs twice"),
        ("Bearer realm=a, =b", "the name of a parameter is missing"),
        ("Bearer realm=\u{7f}", "the value of a parameter is missing"),
        (String(repeating: "a", count: 16385), "longer than 16384 bytes"),
        (String(repeating: "Basic, ", count: 17), "more than 16 challenges"),
        ("Bearer " + (0..<33).map { "a\($0)=1" }.joined(separator: ","), "more than 32 parameters"),
    ])
    func `what is no list of challenges is refused`(_ field: String, _ reason: String) {
        #expect(throws: RegistryError.invalidChallenge(reason)) { try AuthChallenge.parse([field]) }
    }

    @Test func `no field makes the parser trap or hang`() {
        let pieces = ["Bearer", "Basic", " ", ",", "=", "\"", "\\", "realm", "a/b", "==", "\t", "é", "\0", "x=\"y\""]
        var state: UInt64 = 5
        for _ in 0..<20_000 {
            var field = ""
            for _ in 0..<8 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                field += pieces[Int(state >> 33) % pieces.count]
            }
            _ = try? AuthChallenge.parse([field])  // either is fine
        }
    }

    // MARK: - Who is shown what

    private let credentials = Credentials.basic(user: "alice", password: "secret")

    private func reply(
        _ challenge: String, host: String = "registry.example.com", from registry: String? = nil,
        credentials: Credentials? = nil, tokenHosts: [String] = [], _ options: TransportOptions = TransportOptions()
    ) throws -> ChallengeReply {
        let job = RegistryDownload(
            host: host, repository: "team/app", reference: "1.0",
            platform: OCIPlatform(os: "linux", architecture: "amd64"), credentials: credentials,
            tokenHosts: tokenHosts)
        let policy = try ChallengePolicy(job, try RegistryName(job), options)
        return try policy.reply(
            to: try AuthChallenge.parse([challenge]), of: try WebURL(registry ?? "https://\(host)"))
    }

    private func token(_ url: String, _ host: String) throws -> ChallengeReply {
        .token(try WebURL(url), [HostCredentials(host: host, credentials: credentials)])
    }

    @Test func `a token is asked for at the registry itself`() throws {
        let challenge =
            "Bearer realm=\"https://registry.example.com/t?x=1\",service=\"a b&c\",scope=\"repository:other:push\""
        let url = "https://registry.example.com/t?x=1&service=a%20b%26c&scope=repository%3Ateam%2Fapp%3Apull"
        #expect(
            try reply(challenge, credentials: credentials) == token(url, "registry.example.com"))
        #expect(try reply(challenge) == .token(WebURL(url), []))
    }

    @Test func `or where the configuration says`() throws {
        let challenge = "Bearer realm=\"https://auth.example.com:8443/token\""
        let url = "https://auth.example.com:8443/token?scope=repository%3Ateam%2Fapp%3Apull"
        #expect(
            try reply(challenge, credentials: credentials, tokenHosts: ["auth.example.com:8443"])
                == token(url, "auth.example.com:8443"))
        for other in ["auth.example.com", "example.com:8443", "auth.example.com:8444", "", "*"] {
            #expect(throws: RegistryError.foreignRealm(realm: "auth.example.com:8443", host: "registry.example.com")) {
                try reply(challenge, credentials: credentials, tokenHosts: [other])
            }
        }
    }

    @Test func `Docker Hub has a token server of its own`() throws {
        let challenge = "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\""
        _ = try reply(challenge, host: "registry-1.docker.io")
        #expect(throws: RegistryError.foreignRealm(realm: "auth.docker.io", host: "quay.io")) {
            try reply(challenge, host: "quay.io")
        }
    }

    @Test(arguments: [
        "https://evil.example.com/", "https://registry.example.com.evil.com/", "https://registry.example.com:444/",
        "https://127.0.0.1/",
    ])
    func `other places for a token are refused`(_ realm: String) throws {
        let authority = try WebURL(realm).authority
        #expect(throws: RegistryError.foreignRealm(realm: authority, host: "registry.example.com")) {
            try reply("Bearer realm=\"\(realm)\"", credentials: credentials)
        }
        #expect(throws: RegistryError.foreignRealm(realm: authority, host: "registry.example.com")) {
            try reply("Bearer realm=\"\(realm)\"")
        }
    }

    @Test(arguments: [
        "", "token", "/token", "ftp://registry.example.com/", "https://user@registry.example.com/", "https://a b/",
        "https://registry.example.com@evil.com/", "file:///etc/passwd",
    ])
    func `a realm that is no URL is refused`(_ realm: String) {
        #expect(throws: RegistryError.invalidRealm(realm)) {
            try reply("Bearer realm=\"\(realm)\"", credentials: credentials)
        }
    }

    @Test func `a token without https needs both options`() throws {
        let challenge = "Bearer realm=\"http://registry.example.com:80/token\""
        func ask(_ options: TransportOptions) throws -> ChallengeReply {
            try reply(challenge, host: "registry.example.com:80", credentials: credentials, options)
        }
        func refused(_ missing: [String]) -> RegistryError {
            .insecureRealm(realm: "registry.example.com", missingOptions: missing)
        }
        #expect(throws: refused(["http", "tls"])) { try ask(TransportOptions()) }
        #expect(throws: refused(["tls"])) { try ask(TransportOptions(allowsHTTP: true)) }
        #expect(throws: refused(["http"])) { try ask(TransportOptions(skipsTLSVerification: true)) }
        _ = try ask(TransportOptions(skipsTLSVerification: true, allowsHTTP: true))
    }

    @Test func `Basic goes to the registry alone`() throws {
        #expect(
            try reply("Basic realm=\"https://evil.example.com\"", credentials: credentials)
                == .basic(HostCredentials(host: "registry.example.com", credentials: credentials)))
        #expect(throws: RegistryError.credentialsNeeded(image: "team/app:1.0", host: "registry.example.com")) {
            try reply("Basic realm=x")
        }
        #expect(throws: RegistryError.noUsableChallenge(host: "registry.example.com")) {
            try reply("Negotiate", credentials: credentials)
        }
        #expect(throws: RegistryError.unsupportedCredentials(host: "registry.example.com")) {
            try reply("Basic realm=x", credentials: .bearer(token: "t"))
        }
    }

    // MARK: - Tokens

    @Test(arguments: [
        ("{\"token\":\"a\"}", "a"), ("{\"access_token\":\"b\"}", "b"),
        ("{\"access_token\":\"b\",\"token\":\"a\"}", "a"),
        ("{\"token\":\"\",\"access_token\":\"b\"}", "b"),
        ("{\"token\":null,\"access_token\":\"b\",\"expires_in\":3}", "b"),
    ])
    func `a token is found`(_ answer: String, _ token: String) throws {
        #expect(try RegistryToken(parsing: Array(answer.utf8)).text == token)
    }

    @Test(arguments: [
        ("{}", "neither 'token' nor 'access_token'"), ("[]", "an array where an object should be"),
        ("{\"token\":5}", "a number where a text should be"),
        ("{\"token\":\"a\\r\\nX-Evil: 1\"}", "it has characters that no token has"),
        ("{\"token\":\"a b\"}", "it has characters that no token has"),
        ("{\"token\":\"\(String(repeating: "a", count: 16385))\"}", "it is longer than 16384 bytes"),
        ("", "unexpected end of JSON input"),
        (String(repeating: "[", count: 100), "JSON is nested deeper than the limit of 8 levels, line 1 column 9"),
    ])
    func `other answers have no token`(_ answer: String, _ reason: String) {
        #expect(throws: RegistryError.invalidToken(reason)) { try RegistryToken(parsing: Array(answer.utf8)) }
    }

    // MARK: - Names

    @Test func `names are checked before they are part of a URL`() throws {
        func name(_ host: String, _ repository: String, _ reference: String) throws -> RegistryName {
            try RegistryName(
                RegistryDownload(
                    host: host, repository: repository, reference: reference,
                    platform: OCIPlatform(os: "linux", architecture: "amd64"), credentials: nil, tokenHosts: []))
        }
        let digest = "sha256:\(String(repeating: "0", count: 64))"
        #expect(try name("[::1]:5000", "a/b-c/d__e.f", "V_1.0-x").manifestPath == "/v2/a/b-c/d__e.f/manifests/V_1.0-x")
        #expect(try name("r.example.com", "a", digest).manifestPath == "/v2/a/manifests/\(digest)")
        for host in ["", "a b", "a/b", "u@h", "h:0", "h:99999", "[::1", "h?x", "h#x", "h\r\n"] {
            #expect(throws: RegistryError.self) { try name(host, "a", "1") }
        }
        for repository in [
            "", "A", "..", "a/../b", "a//b", "/a", "a/", "a?b", "a%2e", "a___b", "a..b", "-a", "a-", "ä",
        ] {
            #expect(throws: RegistryError.invalidRepository(repository == "ä" ? "?" : repository)) {
                try name("h", repository, "1")
            }
        }
        for reference in [
            "", "../x", "a/b", ".a", "-a", "a b", "sha256:../../x", "sha256:0", String(repeating: "a", count: 129),
        ] {
            #expect(throws: RegistryError.self) { try name("h", "a", reference) }
        }
    }
}
