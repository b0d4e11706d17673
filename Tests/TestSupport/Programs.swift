import Glibc
package import SystemPackage

/// Where the programs under test and the helpers are.
///
/// `RKT` names the installed `rkt`; without it integration tests fail, they do not skip. `INSPECT` names the static
/// probe, else it is looked for where `make` builds it.
package enum Programs {
    /// The top of the source tree.
    package static let packageRoot = FilePath(#filePath).removingLastComponent().removingLastComponent()
        .removingLastComponent()

    /// Where tests keep their files: `RKT_TEST_DIRECTORY`, else `build/tests`.
    package static let testDirectory =
        variable("RKT_TEST_DIRECTORY").map { FilePath($0) } ?? packageRoot.appending("build/tests")

    /// What is expensive to make and the same for every run: `build/cache`.
    package static let cacheDirectory =
        variable("RKT_TEST_CACHE").map { FilePath($0) } ?? packageRoot.appending("build/cache")

    package static func rkt() throws -> FilePath {
        guard let path = variable("RKT") else {
            throw Trouble("RKT is not set: run 'make integration', or point it to an installed rkt")
        }
        guard access(path, X_OK) == 0 else { throw Trouble("RKT=\(path) cannot be executed") }
        return FilePath(path)
    }

    package static func inspect() throws -> FilePath {
        let path = variable("INSPECT") ?? packageRoot.appending("build/bin/inspect").string
        guard access(path, X_OK) == 0 else {
            throw Trouble("no probe at '\(path)': run 'make integration', or point INSPECT to it")
        }
        return FilePath(path)
    }

    /// The first of the usual places that has `name`.
    package static func find(_ name: String) throws -> FilePath {
        for directory in ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"] {
            let path = "\(directory)/\(name)"
            if access(path, X_OK) == 0 { return FilePath(path) }
        }
        throw Trouble("'\(name)' is not installed: run 'make deps'")
    }

    /// Whether the long form of the campaigns was asked for (`make check-long`).
    package static let long = variable("RKT_LONG") == "1"

    static func variable(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }
}
