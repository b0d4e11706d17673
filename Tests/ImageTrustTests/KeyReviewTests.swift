import AppContainer
import FetchInterface
import ImageTrust
import SystemPackage
import TestSupport
import Testing

/// Answers questions, and remembers what was said.
private final class Reviewer {
    var lines: [String] = []
    var shown = ""
    var questions = 0
    var answer: Bool?

    init(_ answer: Bool?) { self.answer = answer }

    func review(isSkipped: Bool = false, trustsHTTPS: Bool = false) -> KeyReview {
        KeyReview(
            isSkipped: isSkipped, trustsHTTPS: trustsHTTPS, log: { self.lines.append($0) }, show: { self.shown += $0 },
            ask: {
                self.questions += 1
                guard let answer = self.answer else { throw Trouble("nobody there") }
                return answer
            })
    }
}

private func file(_ keys: [PublicKey], isAuthenticated: Bool = false) -> PublicKeyFile {
    PublicKeyFile(
        location: "https://example.com/\"k\"", isAuthenticated: isAuthenticated, text: armored(), keys: keys)
}

private let prefix = ACIdentifier(constant: "example.com/app")

@Suite struct KeyReviewTests {
    @Test func `a key is shown before it is trusted`() throws {
        let fixture = try StoreFixture()
        let person = Reviewer(true)
        var signer = key("a")
        signer.subkeyFingerprints = [fingerprint("b")]
        signer.identities = ["One <a@example.com>", "Two\u{1b}[2J"]
        try fixture.store.accept(file([signer]), prefix: prefix, review: person.review())
        #expect(
            person.shown == """
                gpg key fingerprint is: AAAA AAAA AAAA AAAA AAAA  AAAA AAAA AAAA AAAA AAAA
                    Subkey fingerprint: BBBB BBBB BBBB BBBB BBBB  BBBB BBBB BBBB BBBB BBBB
                \tOne <a@example.com>
                \tTwo\u{fffd}[2J

                """)
        let path = fixture.local.appending("prefix.d/example.com/app/\(fingerprint("a"))")
        #expect(
            person.lines == [
                "prefix: \"example.com/app\"\nkey: \"https://example.com/\\\"k\\\"\"",
                "Trusting \"https://example.com/\\\"k\\\"\" for prefix \"example.com/app\" after fingerprint review.",
                "Added key for prefix \"example.com/app\" at \"\(path)\"",
            ])
        #expect(try readText(path) == armored())
    }

    @Test func `no means no, and is no error`() throws {
        let fixture = try StoreFixture()
        let person = Reviewer(false)
        try fixture.store.accept(file([key("a")]), prefix: nil, review: person.review())
        #expect(person.lines.last == "not trusting \"https://example.com/\\\"k\\\"\"")
        #expect(!exists(fixture.local))
    }

    @Test func `without a person nothing is trusted`() throws {
        let fixture = try StoreFixture()
        #expect(throws: (any Error).self) {
            try fixture.store.accept(file([key("a")]), prefix: nil, review: Reviewer(nil).review())
        }
        #expect(!exists(fixture.local))
    }

    @Test(arguments: [(true, false, false), (false, true, true)])
    func `nobody is asked when that was the wish`(isSkipped: Bool, trustsHTTPS: Bool, isAuthenticated: Bool) throws {
        let fixture = try StoreFixture()
        let person = Reviewer(nil)
        try fixture.store.accept(
            file([key("a")], isAuthenticated: isAuthenticated), prefix: nil,
            review: person.review(isSkipped: isSkipped, trustsHTTPS: trustsHTTPS))
        #expect(person.questions == 0)
        #expect(!person.shown.isEmpty)
        #expect(person.lines.contains { $0.hasSuffix("for prefix \"\" without fingerprint review.") })
        #expect(try fixture.trusted("any") == ["a"])
    }

    @Test func `a server that proved nothing is not trusted for its https`() throws {
        let fixture = try StoreFixture()
        let person = Reviewer(false)
        try fixture.store.accept(file([key("a")]), prefix: nil, review: person.review(trustsHTTPS: true))
        #expect(person.questions == 1)
    }

    @Test func `all keys of a file are shown and trusted at once`() throws {
        let fixture = try StoreFixture()
        let person = Reviewer(true)
        try fixture.store.accept(file([key("a"), key("b")]), prefix: nil, review: person.review())
        #expect(person.questions == 1)
        #expect(try fixture.trusted("any") == ["a", "b"])
    }

    @Test func `keys that no longer count are shown and left out`() throws {
        let fixture = try StoreFixture()
        var revoked = key("b")
        revoked.isRevoked = true
        var expired = key("c")
        expired.isExpired = true
        let person = Reviewer(true)
        #expect(throws: KeyReviewError.revoked(fingerprint("b"))) {
            try fixture.store.accept(file([key("a"), revoked, expired]), prefix: nil, review: person.review())
        }
        #expect(person.shown.contains("This key was revoked."))
        #expect(person.shown.contains("This key has expired."))
        #expect(try fixture.trusted("any") == ["a"])
        #expect(throws: KeyReviewError.expired(fingerprint("c"))) {
            try fixture.store.accept(file([expired]), prefix: nil, review: person.review())
        }
        #expect(person.questions == 1)
    }

    @Test func `keys are looked for once, under the whole name`() throws {
        let fixture = try StoreFixture()
        let review = Reviewer(true).review()
        var asked: [KeySource] = []
        func obtain() throws -> Bool {
            try fixture.store.obtainKeys(
                for: prefix, review: review,
                fetch: {
                    asked.append($0)
                    return [file([key("a")])]
                }, report: { Issue.record($0) })
        }
        #expect(try !obtain())
        #expect(try obtain())
        #expect(asked == [.discovery(prefix: "example.com/app")])
        #expect(try fixture.trusted("example.com/app") == ["a"])
        #expect(try fixture.trusted("example.com") == [])
    }

    @Test func `when no keys are found, that is told and no error`() throws {
        let fixture = try StoreFixture()
        var reported: [String] = []
        let existed = try fixture.store.obtainKeys(
            for: prefix, review: Reviewer(nil).review(), fetch: { _ in throw Trouble("no server") },
            report: { reported.append("\($0)") })
        #expect(!existed)
        #expect(reported == ["error determining key location: no server"])
    }
}
