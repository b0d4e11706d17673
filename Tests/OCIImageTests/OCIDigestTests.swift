import OCIImage
import Testing

@Suite struct OCIDigestTests {
    private let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    @Test func `a digest has an algorithm and all its digits`() throws {
        let digest = try OCIDigest("sha256:\(empty)")
        #expect(digest.digits == empty)
        #expect(digest.description == "sha256:\(empty)")
        #expect(digest.fileName == "sha256-\(empty)")
        #expect(digest == OCIDigest(of: []))
        #expect(digest.matches([]))
        #expect(!digest.matches([1]))
        #expect(OCIDigest(of: [], .sha512).description.hasPrefix("sha512:cf83e1357eefb8bd"))
        #expect(try OCIDigest(OCIDigest(of: [7], .sha512).description) == OCIDigest(of: [7], .sha512))
    }

    @Test func `pieces have the digest of the whole`() {
        for algorithm in [OCIDigest.Algorithm.sha256, .sha512] {
            var computation = OCIDigest.Computation(algorithm)
            for piece in [[1, 2], [], [3]] as [[UInt8]] { piece.withUnsafeBytes { computation.update($0) } }
            #expect(computation.finish() == OCIDigest(of: [1, 2, 3], algorithm))
        }
    }

    @Test(arguments: [
        "sha256:../../x", "sha256:", "sha256", "", "sha256:\(String(repeating: "A", count: 64))",
        "sha256:\(String(repeating: "0", count: 63))", "sha256:\(String(repeating: "0", count: 65))",
        "sha256:\(String(repeating: "0", count: 63))/", "sha256:\(String(repeating: "0", count: 62))é",
        "sha512:\(String(repeating: "0", count: 64))",
    ])
    func `anything else is no digest`(_ text: String) {
        #expect(throws: OCIImageError.invalidDigest(text.replacing("é", with: "?"))) { try OCIDigest(text) }
    }

    @Test(arguments: ["md5:d41d8cd98f00b204e9800998ecf8427e", "../sha256:00", "SHA256:00", "sha256 :00", ":"])
    func `other algorithms are refused`(_ text: String) {
        #expect(throws: OCIImageError.unknownDigestAlgorithm(text)) { try OCIDigest(text) }
    }

    @Test func `an error shows the beginning of a long text without control characters`() {
        let text = "\u{1b}[31m" + String(repeating: "x", count: 1000) + ":"
        #expect(throws: OCIImageError.unknownDigestAlgorithm("?[31m" + String(repeating: "x", count: 75) + "…")) {
            try OCIDigest(text)
        }
    }
}
