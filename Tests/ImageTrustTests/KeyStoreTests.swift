import AppContainer
import FetchInterface
import Glibc
import ImageTrust
import SystemPackage
import TestSupport
import Testing

/// A key store with both directories; keys are named by one digit, repeated.
struct StoreFixture {
    let directory: TemporaryDirectory
    let store: KeyStore
    var system: FilePath { directory.path.appending("lib/trustedkeys") }
    var local: FilePath { directory.path.appending("etc/trustedkeys") }

    init() throws {
        directory = try TemporaryDirectory("keystore")
        store = KeyStore(system: directory.path.appending("lib"), local: directory.path.appending("etc"))
    }

    /// Writes a file of the store by hand.
    @discardableResult
    func put(_ text: String, _ store: FilePath, _ scope: String, _ name: String) throws -> FilePath {
        let path = store.appending(scope)
        try makeDirectories(path)
        try writeText(text, to: path.appending(name))
        return path.appending(name)
    }

    func trusted(_ name: String) throws -> [String] {
        try store.keys(for: ACIdentifier(name)).map { String($0.fingerprint.prefix(1)) }
    }
}

func fingerprint(_ digit: Character) -> String { String(repeating: digit, count: 40) }

func armored(_ content: String = "abcd") -> String {
    "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n\(content)\n-----END PGP PUBLIC KEY BLOCK-----\n"
}

func key(_ digit: Character, _ content: String = "abcd") -> PublicKey {
    PublicKey(
        fingerprint: fingerprint(digit), subkeyFingerprints: [], identities: ["Key \(digit)"], text: armored(content),
        isExpired: false, isRevoked: false)
}

@Suite struct KeyStoreTests {
    @Test func `an empty store has no keys`() throws {
        let fixture = try StoreFixture()
        #expect(try fixture.trusted("example.com/app") == [])
        #expect(try !fixture.store.hasKeys(forPrefix: ACIdentifier("example.com/app")))
        #expect(try fixture.store.list() == KeyListing())
    }

    @Test(arguments: [
        ("example.com/app", true), ("example.com/app/x", true), ("example.com/app/x/y", true),
        ("example.com/app-other", false), ("example.com/appx", false), ("example.com", false),
        ("example.com/ap", false), ("other.com/example.com/app", false), ("example.comx/app", false),
    ])
    func `a key vouches for its prefix and what is below it by path`(name: String, counts: Bool) throws {
        let fixture = try StoreFixture()
        let path = try fixture.store.add(key("a"), prefix: ACIdentifier("example.com/app"))
        #expect(path == fixture.local.appending("prefix.d/example.com/app/\(fingerprint("a"))"))
        #expect(try fixture.trusted(name) == (counts ? ["a"] : []))
        #expect(try fixture.store.hasKeys(forPrefix: ACIdentifier(name)) == counts)
    }

    @Test func `a root key vouches for everything, and does not stop the search for keys`() throws {
        let fixture = try StoreFixture()
        let path = try fixture.store.add(key("a"), prefix: nil)
        #expect(path == fixture.local.appending("root.d/\(fingerprint("a"))"))
        #expect(try fixture.trusted("anything") == ["a"])
        #expect(try !fixture.store.hasKeys(forPrefix: ACIdentifier("anything")))
    }

    @Test func `keys of all places count together, in order`() throws {
        let fixture = try StoreFixture()
        try fixture.put(armored(), fixture.system, "root.d", fingerprint("d"))
        try fixture.put(armored(), fixture.local, "root.d", fingerprint("c"))
        try fixture.put(armored(), fixture.system, "prefix.d/example.com", fingerprint("b"))
        try fixture.put(armored(), fixture.local, "prefix.d/example.com/app", fingerprint("a"))
        #expect(try fixture.trusted("example.com/app") == ["a", "b", "c", "d"])
        #expect(try fixture.trusted("example.com") == ["b", "c", "d"])
    }

    @Test func `a local key replaces the system's`() throws {
        let fixture = try StoreFixture()
        try fixture.put(armored("old"), fixture.system, "prefix.d/example.com", fingerprint("a"))
        _ = try fixture.store.add(key("a", "new"), prefix: ACIdentifier("example.com"))
        let keys = try fixture.store.keys(for: ACIdentifier("example.com/app"))
        #expect(keys == [TrustedKey(fingerprint: fingerprint("a"), text: armored("new"))])
    }

    @Test func `an empty local file masks what was read before it`() throws {
        let fixture = try StoreFixture()
        try fixture.put(armored(), fixture.system, "root.d", fingerprint("a"))
        try fixture.put(armored(), fixture.system, "prefix.d/example.com", fingerprint("b"))
        try fixture.put("", fixture.local, "prefix.d/example.com", fingerprint("a"))
        try fixture.put("", fixture.local, "root.d", fingerprint("b"))
        #expect(try fixture.trusted("example.com/app") == ["b"])
        #expect(try fixture.trusted("example.org/app") == ["a"])
    }

    @Test func `a key below a masked prefix counts again`() throws {
        let fixture = try StoreFixture()
        try fixture.put("", fixture.local, "prefix.d/example.com", fingerprint("a"))
        try fixture.put(armored(), fixture.local, "prefix.d/example.com/app", fingerprint("a"))
        #expect(try fixture.trusted("example.com") == [])
        #expect(try fixture.trusted("example.com/app") == ["a"])
        #expect(try !fixture.store.hasKeys(forPrefix: ACIdentifier("example.com")))
        #expect(try fixture.store.hasKeys(forPrefix: ACIdentifier("example.com/app")))
    }

    @Test func `directories and files have their modes whatever the umask`() throws {
        let fixture = try StoreFixture()
        let path = try fixture.store.add(key("a"), prefix: ACIdentifier("example.com/app"))
        #expect(try FileFacts(path).permissions == 0o644)
        for directory in ["", "prefix.d", "prefix.d/example.com", "prefix.d/example.com/app"] {
            #expect(try FileFacts(fixture.local.appending(directory)).permissions == 0o755)
        }
        #expect(try entries(of: path.removingLastComponent()) == [fingerprint("a")])
    }

    @Test(arguments: ["example.com/../etc", "example.com//app", "a/./b", "a/\(String(repeating: "b", count: 256))"])
    func `no key is stored or found for names that are no paths`(name: String) throws {
        let fixture = try StoreFixture()
        let prefix = try ACIdentifier(name)
        #expect(throws: KeyStoreError.unsuitablePrefix(name)) { try fixture.store.add(key("a"), prefix: prefix) }
        #expect(throws: KeyStoreError.unsuitablePrefix(name)) { try fixture.store.keys(for: prefix) }
        #expect(!exists(fixture.local))
    }

    @Test(arguments: ["", "../../x", String(repeating: "A", count: 40), String(repeating: "a", count: 39)])
    func `a fingerprint is checked before it becomes a name`(text: String) throws {
        let fixture = try StoreFixture()
        var bad = key("a")
        bad.fingerprint = text
        #expect(throws: KeyStoreError.badFingerprint(text)) { try fixture.store.add(bad, prefix: nil) }
        #expect(!exists(fixture.local))
    }

    @Test func `a key without a text is not stored`() throws {
        let fixture = try StoreFixture()
        var bad = key("a")
        bad.text = ""
        #expect(throws: KeyStoreError.badKey(fingerprint("a"))) { try fixture.store.add(bad, prefix: nil) }
    }
}

@Suite struct DamagedKeyStoreTests {
    @Test func `a misnamed file matters only where it is looked at`() throws {
        let fixture = try StoreFixture()
        _ = try fixture.store.add(key("a"), prefix: ACIdentifier("example.com"))
        let path = try fixture.put(armored(), fixture.local, "prefix.d/example.com/app", "key.asc")
        #expect(try fixture.trusted("example.com/other") == ["a"])
        #expect(throws: KeyStoreError.misnamed(path)) { try fixture.trusted("example.com/app") }
        #expect(throws: KeyStoreError.misnamed(path)) { try fixture.trusted("example.com/app/below") }
        #expect(try fixture.store.list().problems == [.misnamed(path)])
    }

    @Test func `hidden files, and files beside all prefixes, do not matter`() throws {
        let fixture = try StoreFixture()
        _ = try fixture.store.add(key("a"), prefix: ACIdentifier("example.com"))
        try fixture.put("x", fixture.local, "prefix.d/example.com", ".\(fingerprint("b")).0123456789ab")
        try fixture.put("x", fixture.local, "prefix.d", "README")
        #expect(try fixture.trusted("example.com") == ["a"])
    }

    @Test func `a FIFO is not waited for`() throws {
        let fixture = try StoreFixture()
        let path = try fixture.put("x", fixture.local, "root.d", fingerprint("a"))
        unlink(path.string)
        mkfifo(path.string, 0o644)
        #expect(throws: KeyStoreError.notRegular(path)) { try fixture.trusted("example.com") }
    }

    @Test func `a symlink must lead to a regular file`() throws {
        let fixture = try StoreFixture()
        let path = try fixture.put("x", fixture.local, "root.d", fingerprint("a"))
        let target = fixture.directory.path.appending("key")
        try writeText(armored(), to: target)
        for (destination, error) in [
            ("/dev/zero", KeyStoreError.notRegular(path)), (fixture.directory.path.string, .notRegular(path)),
            (target.string, nil),
        ] {
            unlink(path.string)
            symlink(destination, path.string)
            if let error {
                #expect(throws: error) { try fixture.trusted("example.com") }
            } else {
                #expect(try fixture.trusted("example.com") == ["a"])
            }
        }
    }

    @Test(arguments: ["/nowhere", fingerprint("a")])
    func `a symlink that leads nowhere is an error, not a missing key`(destination: String) throws {
        let fixture = try StoreFixture()
        let path = try fixture.put("x", fixture.local, "root.d", fingerprint("a"))
        unlink(path.string)
        symlink(destination, path.string)
        #expect { try fixture.trusted("example.com") } throws: {
            guard case .unreadable(path, _) = $0 as? KeyStoreError else { return false }
            return true
        }
    }

    @Test func `a directory of the store is never a symlink`() throws {
        let fixture = try StoreFixture()
        let elsewhere = fixture.directory.path.appending("elsewhere")
        try makeDirectories(elsewhere.appending("app"))
        try makeDirectories(fixture.local.appending("prefix.d"))
        let link = fixture.local.appending("prefix.d/example.com")
        symlink(elsewhere.string, link.string)
        #expect(throws: KeyStoreError.notDirectory(link)) { try fixture.trusted("example.com") }
        #expect(throws: (any Error).self) {
            try fixture.store.add(key("a"), prefix: ACIdentifier("example.com/app"))
        }
        #expect(try entries(of: elsewhere.appending("app")) == [])
    }

    @Test func `files of any size cost little`() throws {
        let fixture = try StoreFixture()
        let path = try fixture.put(armored(), fixture.local, "root.d", fingerprint("a"))
        truncate(path.string, 1 << 40)
        #expect(throws: KeyStoreError.tooLarge(path)) { try fixture.trusted("example.com") }
    }

    @Test func `text that is no key is an error`() throws {
        let fixture = try StoreFixture()
        let path = try fixture.put("not a key\n", fixture.local, "root.d", fingerprint("a"))
        #expect(throws: KeyStoreError.notArmored(path)) { try fixture.trusted("example.com") }
    }

    @Test func `the number of keys for one name is limited`() throws {
        let fixture = try StoreFixture()
        for number in 0...TrustLimits.maximumKeys {
            let digits = String(number, radix: 16)
            let name = String(repeating: "0", count: 40 - digits.count) + digits
            try fixture.put(armored(), fixture.local, number % 2 == 0 ? "root.d" : "prefix.d/example.com", name)
        }
        #expect(throws: KeyStoreError.tooManyKeys(fixture.local)) { try fixture.trusted("example.com") }
        #expect(try fixture.trusted("example.org").count == TrustLimits.maximumKeys / 2 + 1)
    }
}

@Suite struct KeyRemovalTests {
    @Test func `a local key is removed, and what its prefix leaves empty`() throws {
        let fixture = try StoreFixture()
        _ = try fixture.store.add(key("a"), prefix: ACIdentifier("example.com/app"))
        _ = try fixture.store.add(key("b"), prefix: ACIdentifier("example.com"))
        let removed = try fixture.store.remove(
            fingerprint: fingerprint("a"), from: .prefix(ACIdentifier("example.com/app")))
        #expect(removed == [fixture.local.appending("prefix.d/example.com/app/\(fingerprint("a"))")])
        #expect(try fixture.trusted("example.com/app") == ["b"])
        #expect(try entries(of: fixture.local.appending("prefix.d/example.com")) == [fingerprint("b")])
    }

    @Test func `a key of the system is masked`() throws {
        let fixture = try StoreFixture()
        let vendors = try fixture.put(armored(), fixture.system, "prefix.d/example.com", fingerprint("a"))
        let removed = try fixture.store.remove(fingerprint: fingerprint("a"), from: nil)
        let mask = fixture.local.appending("prefix.d/example.com/\(fingerprint("a"))")
        #expect(removed == [mask])
        #expect(try FileFacts(mask).size == 0)
        #expect(exists(vendors))
        #expect(try fixture.trusted("example.com") == [])
        #expect(try fixture.store.hasKeys(forPrefix: ACIdentifier("example.com")))
        _ = try fixture.store.add(key("a"), prefix: ACIdentifier("example.com"))
        #expect(try fixture.trusted("example.com") == ["a"])
    }

    @Test func `without a scope a key is removed wherever it is`() throws {
        let fixture = try StoreFixture()
        _ = try fixture.store.add(key("a"), prefix: nil)
        _ = try fixture.store.add(key("a"), prefix: ACIdentifier("example.com"))
        try fixture.put(armored(), fixture.system, "root.d", fingerprint("a"))
        #expect(try fixture.store.remove(fingerprint: fingerprint("a"), from: nil).count == 2)
        #expect(try fixture.trusted("example.com") == [])
        #expect(try FileFacts(fixture.local.appending("root.d/\(fingerprint("a"))")).size == 0)
    }

    @Test func `what is not there cannot be removed`() throws {
        let fixture = try StoreFixture()
        _ = try fixture.store.add(key("a"), prefix: nil)
        let scope = KeyScope.prefix(try ACIdentifier("example.com"))
        #expect(throws: KeyStoreError.noSuchKey(fingerprint("a"), scope)) {
            try fixture.store.remove(fingerprint: fingerprint("a"), from: scope)
        }
    }

    @Test func `a file that is no key can be removed`() throws {
        let fixture = try StoreFixture()
        try fixture.put("junk", fixture.local, "root.d", fingerprint("a"))
        _ = try fixture.store.remove(fingerprint: fingerprint("a"), from: .root)
        #expect(try fixture.store.list() == KeyListing())
    }

    @Test func `the list says where keys are and what counts`() throws {
        let fixture = try StoreFixture()
        try fixture.put(armored(), fixture.system, "prefix.d/example.com", fingerprint("a"))
        try fixture.put("", fixture.local, "prefix.d/example.com", fingerprint("a"))
        _ = try fixture.store.add(key("b"), prefix: nil)
        let listing = try fixture.store.list()
        #expect(listing.keys.map(\.origin) == [.local, .system, .local])
        #expect(listing.keys.map(\.isMasked) == [false, true, false])
        #expect(listing.keys.map(\.content) == [.key, .key, .mask])
        #expect(listing.keys.first.map(fixture.store.text) == armored())
        #expect(listing.problems == [])
    }
}

@Suite struct FingerprintTests {
    @Test(arguments: [
        "8B86DE38890DDB7291867B025210BD8888182190", "0x8b86de38890ddb7291867b025210bd8888182190",
        "8B86 DE38 890D DB72 9186  7B02 5210 BD88 8818 2190",
    ])
    func `is read as people write it`(text: String) throws {
        #expect(try fingerprint(parsing: text) == "8b86de38890ddb7291867b025210bd8888182190")
    }

    @Test(arguments: ["", "8B86DE38", "zz86DE38890DDB7291867B025210BD8888182190"])
    func `an abbreviation is not enough`(text: String) throws {
        #expect(throws: KeyStoreError.badFingerprint(text)) { try fingerprint(parsing: text) }
    }

    @Test func `is shown in groups`() throws {
        #expect(
            fingerprintText("8b86de38890ddb7291867b025210bd8888182190")
                == "8B86 DE38 890D DB72 9186  7B02 5210 BD88 8818 2190")
    }
}
