import FetchInterface
import JSON
import OCIImage
import SystemPackage
import TestSupport
import Testing

@testable import ImageFetch

@Suite struct RegistryAuthorizationTests {
    private let alice = Credentials.basic(user: "alice", password: "secret")

    /// Every path of the registry wants `authorization`, else it answers with `challenge`.
    private func demand(_ registry: RegistryFixture, _ authorization: String, _ challenge: String) throws {
        try registry.server.answer(
            "/v2/app/manifests/latest",
            .body(RegistryFixture.manifest().serializedBytes(), type: RegistryFixture.manifestType)
                .asking(for: authorization, challenge))
        for blob in RegistryFixture.blobs {
            try registry.server.answer(
                RegistryFixture.blobPath(blob), .body(blob).asking(for: authorization, challenge))
        }
    }

    private func bearer(_ host: String, scheme: String = "http") -> String {
        "Bearer realm=\"\(scheme)://\(host)/token\",service=\"tests\",scope=\"repository:app:pull\""
    }

    @Test func `Basic`() throws {
        try RegistryFixture.with { registry throws in
            var registry = registry
            try demand(registry, RegistryFixture.user, "Basic realm=\"tests\"")
            let host = registry.server.host
            #expect(
                try registry.failure()
                    == "the registry '\(host)' wants user and password for 'app:latest', or does not have it"
                    + " (HTTP status 401); credentials belong into a dockerAuth configuration")
            registry.credentials = .basic(user: "alice", password: "wrong")
            #expect(try registry.failure() == "the registry '\(host)' refuses user and password (HTTP status 401)")
            registry.credentials = alice
            #expect(try registry.contents(registry.fetch()) == RegistryFixture.blobs)
            #expect(registry.server.requests.filter { $0.authorization == RegistryFixture.user }.count == 5)
        }
    }

    @Test func `a token for nobody and one for a user`() throws {
        try RegistryFixture.with { registry throws in
            var registry = registry
            try demand(registry, "Bearer abc", bearer(registry.server.host))
            try registry.server.answer("/token", .body("{\"token\":\"abc\"}"))
            #expect(try registry.contents(registry.fetch()) == RegistryFixture.blobs)
            #expect(
                registry.server.requests(for: "/token").map(\.target)
                    == ["/token?service=tests&scope=repository%3Aapp%3Apull"])
            #expect(registry.server.requests(for: "/token").map(\.authorization) == [""])

            try registry.server.answer(
                "/token", .body("{\"access_token\":\"abc\"}").asking(for: RegistryFixture.user, "Basic realm=x"))
            let host = registry.server.host
            #expect(
                try registry.failure()
                    == "the registry '\(host)' wants user and password for 'app:latest', or does not have it"
                    + " (HTTP status 401); credentials belong into a dockerAuth configuration")
            registry.credentials = .basic(user: "alice", password: "wrong")
            #expect(try registry.failure() == "the registry '\(host)' refuses user and password (HTTP status 401)")
            registry.credentials = alice
            #expect(try registry.contents(registry.fetch()) == RegistryFixture.blobs)
            #expect(registry.server.requests(for: "/token").last?.authorization == RegistryFixture.user)
            // The token server alone has seen them.
            #expect(registry.server.requests.allSatisfy { $0.path == "/token" || !$0.authorization.hasPrefix("Basic") })
        }
    }

    @Test func `of several challenges Bearer is taken`() throws {
        try RegistryFixture.with { registry throws in
            var registry = registry
            registry.credentials = alice
            try demand(registry, "Bearer abc", "Basic realm=\"a, b\", \(bearer(registry.server.host))")
            try registry.server.answer("/token", .body("{\"token\":\"abc\"}"))
            _ = try registry.fetch()
        }
    }

    @Test func `a realm on another host gets nothing unless it is configured`() throws {
        try RegistryFixture.with { registry throws in
            var registry = registry
            registry.credentials = alice
            let (host, other) = (registry.server.host, registry.other.host)
            try demand(registry, "Bearer abc", bearer(other))
            try registry.other.answer("/token", .body("{\"token\":\"abc\"}"))
            #expect(
                try registry.failure()
                    == "the registry '\(host)' sends us to '\(other)' for a token, which is refused; if '\(other)'"
                    + " is right, add it to 'realms' in a dockerAuth configuration for '\(host)'")
            #expect(registry.other.requests.isEmpty)
            #expect(registry.server.requests.allSatisfy { $0.authorization.isEmpty })
            registry.tokenHosts = [other]
            _ = try registry.fetch()
            #expect(registry.other.requests.map(\.authorization) == [RegistryFixture.user])
            #expect(registry.server.requests.allSatisfy { !$0.authorization.hasPrefix("Basic") })
        }
    }

    @Test func `a token server's redirect does not take the credentials elsewhere`() throws {
        try RegistryFixture.with { registry throws in
            var registry = registry
            registry.credentials = alice
            try demand(registry, "Bearer abc", bearer(registry.server.host))
            try registry.server.answer("/token", .redirect("http://\(registry.other.host)/token"))
            try registry.other.answer("/token", .body("{\"token\":\"abc\"}"))
            _ = try registry.fetch()
            #expect(registry.other.requests.map(\.authorization) == [""])
        }
    }

    @Test func `blobs come from elsewhere without authorization`() throws {
        try RegistryFixture.with { registry throws in
            var registry = registry
            registry.credentials = alice
            try demand(registry, "Bearer abc", bearer(registry.server.host))
            try registry.server.answer("/token", .body("{\"token\":\"abc\"}"))
            for blob in RegistryFixture.blobs {
                let name = "/cdn/\(RegistryFixture.digest(blob).digits)"
                try registry.server.answer(
                    RegistryFixture.blobPath(blob),
                    .redirect("http://user:password@\(registry.other.host)\(name)?signature=1")
                        .asking(for: "Bearer abc", bearer(registry.server.host)))
                try registry.other.answer(name, .body(blob))
            }
            #expect(try registry.contents(registry.fetch()) == RegistryFixture.blobs)
            #expect(registry.other.requests.count == 4)
            #expect(registry.other.requests.allSatisfy { $0.authorization.isEmpty })
        }
    }

    @Test func `where a registry sends us may not ask who we are`() throws {
        try RegistryFixture.with { registry throws in
            var registry = registry
            registry.credentials = alice
            let evil = ScriptedServer.Answer.body("").asking(for: "x", "Basic realm=x")
            try registry.other.answer("/evil", evil)
            let url = "http://\(registry.other.host)/evil"
            let sentence =
                "'\(url)', where the registry '\(registry.server.host)' sends us, wants authentication, which is refused"
            try registry.server.answer(RegistryFixture.blobPath("first layer"), .redirect(url))
            #expect(try registry.failure() == sentence)
            try registry.server.answer("/v2/app/manifests/latest", .redirect(url))
            #expect(try registry.failure() == sentence)
            #expect(registry.other.requests.allSatisfy { $0.authorization.isEmpty })
        }
    }

    @Test func `a token that expires on the way is renewed`() throws {
        try RegistryFixture.with { registry throws in
            let challenge = bearer(registry.server.host)
            try demand(registry, "Bearer old", challenge)
            try registry.server.answer("/token", .body("{\"token\":\"old\"}"), .body("{\"token\":\"new\"}"))
            for blob in RegistryFixture.blobs[2...] {
                try registry.server.answer(
                    RegistryFixture.blobPath(blob), .body(blob).asking(for: "Bearer new", challenge))
            }
            for blob in RegistryFixture.blobs[..<2] {
                try registry.server.answer(
                    RegistryFixture.blobPath(blob), .body(blob).asking(for: "Bearer old", challenge),
                    .body(blob).asking(for: "Bearer new", challenge))
            }
            let image = try registry.fetch()
            #expect(try registry.contents(image) == RegistryFixture.blobs)
            #expect(registry.server.requests(for: "/token").count == 2)
            #expect(Set(try registry.files()) == Set(([image.config] + image.layers).map(\.file)))
        }
    }

    @Test func `a registry that takes no token is not asked for ever`() throws {
        try RegistryFixture.with { registry throws in
            var registry = registry
            let challenge = bearer(registry.server.host)
            try demand(registry, "Bearer abc", challenge)
            try registry.server.answer("/token", .body("{\"token\":\"abc\"}"))
            let path = RegistryFixture.blobPath("first layer")
            try registry.server.answer(path, .body("").asking(for: "Bearer never", challenge))
            registry.credentials = alice
            #expect(
                try registry.failure()
                    == "bad HTTP status code: 401 from 'http://\(registry.server.host)\(path)'")
            #expect(registry.server.requests(for: "/token").count < 4)
            try registry.server.answer("/v2/app/manifests/latest", .body("").asking(for: "Bearer never", challenge))
            #expect(
                try registry.failure()
                    == "the registry '\(registry.server.host)' refuses the token that its token server gave")
        }
    }

    @Test func `answers of the token server are not believed blindly`() throws {
        try RegistryFixture.with { registry throws in
            try demand(registry, "Bearer abc", bearer(registry.server.host))
            func failure(_ answer: ScriptedServer.Answer) throws -> String? {
                try registry.server.answer("/token", answer)
                return try registry.failure()
            }
            let host = registry.server.host
            #expect(
                try failure(.body("{}")) == "the token server's answer has no token: neither 'token' nor 'access_token'"
            )
            #expect(
                try failure(.body("{\"token\":\"a\\r\\nb\"}"))
                    == "the token server's answer has no token: it has characters that no token has")
            #expect(try failure(.status(500)) == "no token from '\(host)': bad HTTP status code: 500")
            #expect(try failure(.body(String(repeating: "[", count: 70_000))) != nil)
            #expect(try registry.files() == [])
        }
    }

    // MARK: - https

    @Test func `a registry without https needs both options`() throws {
        try RegistryFixture.with { registry throws in
            for (http, tls, missing) in [(false, false, "http,tls"), (true, false, "tls"), (false, true, "http")] {
                let failure = try registry.failure {
                    $0.allowsHTTP = http
                    $0.skipsTLSVerification = tls
                }
                #expect(failure?.hasPrefix("cannot reach the registry '\(registry.server.host)': ") == true)
                #expect(failure?.hasSuffix("; one without https also needs --insecure-options=\(missing)") == true)
            }
            #expect(registry.server.requests.isEmpty)
        }
    }

    @Test func `with https and a trusted certificate no option is needed`() throws {
        try RegistryFixture.with { registry throws in
            let authority = try CertificateAuthority.shared
            let secure = try ScriptedServer(in: registry.directory.appending("tls"), certificate: authority.file())
            try secure.answer(
                "/v2/app/manifests/latest",
                .body(RegistryFixture.manifest().serializedBytes(), type: RegistryFixture.manifestType)
                    .asking(for: "Bearer abc", bearer(secure.host, scheme: "https")))
            try secure.answer("/token", .body("{\"token\":\"abc\"}"))
            for blob in RegistryFixture.blobs { try secure.answer(RegistryFixture.blobPath(blob), .body(blob)) }
            let trusting = ["SSL_CERT_FILE": authority.certificate.string]
            func strict(_ options: inout TransportOptions) {
                options.allowsHTTP = false
                options.skipsTLSVerification = false
            }
            let image = try registry.fetch("latest", strict, environment: trusting, host: secure.host)
            #expect(try registry.contents(image) == RegistryFixture.blobs)
            // Not by whom nobody here trusts.
            #expect(throws: (any Error).self) { try registry.fetch("latest", strict, host: secure.host) }
            // Nor a token in the clear, nor a blob.
            try secure.answer(
                "/v2/app/manifests/latest", .body("").asking(for: "x", bearer(secure.host, scheme: "http")))
            #expect(throws: (any Error).self) {
                try registry.fetch("latest", strict, environment: trusting, host: secure.host)
            }
            try secure.answer("/v2/app/manifests/latest", .body(RegistryFixture.manifest().serializedBytes()))
            try secure.answer(
                RegistryFixture.blobPath("first layer"), .redirect("http://\(registry.other.host)/layer"))
            #expect(throws: (any Error).self) {
                try registry.fetch("latest", strict, environment: trusting, host: secure.host)
            }
            #expect(registry.other.requests.isEmpty)
        }
    }
}
