import AppContainer
import FetchInterface
import ImageTrust
import Testing

private let digest = String(repeating: "0", count: 64)
private let name = ACIdentifier(constant: "example.com/app")
private let trusted = [
    TrustedKey(fingerprint: fingerprint("a"), text: ""), .init(fingerprint: fingerprint("b"), text: ""),
]

private func verdict(_ digit: Character, _ problem: String? = nil) -> SignatureVerdict {
    SignatureVerdict(fingerprint: fingerprint(digit), identities: ["Key \(digit)"], problem: problem)
}

private func decision(_ verdicts: SignatureVerdict...) throws(SignatureError) -> [SignatureVerdict] {
    try decide(
        SignedContent(contentDigest: digest, signatures: verdicts), stagedDigest: digest, name: name, trusted: trusted)
}

@Suite struct SignatureDecisionTests {
    @Test func `one good signature by a trusted key is enough`() throws {
        #expect(try decision(verdict("a")) == [verdict("a")])
        #expect(try decision(verdict("c"), verdict("a")) == [verdict("a")])
        #expect(try decision(verdict("c", SignatureProblem.unknownKey), verdict("b")) == [verdict("b")])
        #expect(try decision(verdict("a", SignatureProblem.keyExpired), verdict("b")) == [verdict("b")])
        #expect(try decision(verdict("a"), verdict("b")) == [verdict("a"), verdict("b")])
    }

    @Test func `a good signature by any other key is not`() throws {
        #expect(throws: SignatureError.unknownEntity(name: name)) { try decision(verdict("c")) }
        #expect(throws: SignatureError.unknownEntity(name: name)) {
            try decision(verdict("c", SignatureProblem.unknownKey))
        }
    }

    @Test func `a trusted key that signed something else makes it fail`() throws {
        let error = SignatureError.problem(SignatureProblem.bad, fingerprint: fingerprint("b"))
        #expect(throws: error) { try decision(verdict("a"), verdict("b", SignatureProblem.bad)) }
    }

    @Test func `a bad signature by a stranger does not`() throws {
        #expect(try decision(verdict("c", SignatureProblem.bad), verdict("a")) == [verdict("a")])
        #expect(throws: SignatureError.unknownEntity(name: name)) {
            try decision(verdict("c", SignatureProblem.bad))
        }
    }

    @Test(arguments: [
        SignatureProblem.keyExpired, SignatureProblem.keyRevoked, SignatureProblem.signatureExpired,
        SignatureProblem.weakDigest, SignatureProblem.fromFuture,
    ])
    func `the problem of a trusted key is named`(problem: String) throws {
        #expect(throws: SignatureError.problem(problem, fingerprint: fingerprint("a"))) {
            try decision(verdict("c"), verdict("a", problem))
        }
    }

    @Test func `no signature is none`() throws {
        #expect(throws: SignatureError.noSignatures) { try decision() }
        #expect("\(SignatureError.noSignatures)" == "keystore: no valid signatures found in signature file")
    }

    @Test(arguments: ["", String(repeating: "1", count: 64)])
    func `a verdict over other bytes does not count`(other: String) throws {
        #expect(throws: SignatureError.otherContent) {
            try decide(
                SignedContent(contentDigest: digest, signatures: [verdict("a")]), stagedDigest: other, name: name,
                trusted: trusted)
        }
        #expect(throws: SignatureError.otherContent) {
            try decide(
                SignedContent(contentDigest: "", signatures: [verdict("a")]), stagedDigest: "", name: name,
                trusted: trusted)
        }
    }

    @Test func `without trusted keys nothing counts`() throws {
        #expect(throws: SignatureError.unknownEntity(name: name)) {
            try decide(
                SignedContent(contentDigest: digest, signatures: [verdict("a")]), stagedDigest: digest, name: name,
                trusted: [])
        }
    }

    @Test func `a stranger's signature comes with the way out`() throws {
        #expect("\(SignatureError.unknownEntity(name: name))" == "openpgp: signature made by unknown entity")
        #expect(
            SignatureError.unknownEntity(name: name).hints == [
                "If you expected the signing key to change, try running:", "    rkt trust --prefix \"example.com/app\"",
            ])
        #expect(SignatureError.noSignatures.hints == [])
        #expect(verifiedLines([verdict("a")]) == ["signature verified:", "  Key a"])
    }
}
