import CLinux
import FetchInterface
import Glibc
import OpenPGP

/// The `verify` job.
func signatures(_ verification: Verification) throws -> FetchAnswer {
    try waitingForPrograms { .signatures(try OpenPGP.verify(verification)) }
}

func publicKeys(in text: String) throws -> [PublicKey] { try waitingForPrograms { try describeKeys(text) } }

func checkIssuers(of signature: [UInt8], among keys: [TrustedKey]) throws {
    try waitingForPrograms { try OpenPGP.checkIssuers(of: signature, keys: keys) }
}

/// Returns when every program that `body` has started is gone.
///
/// libgpgme gives gpg away to init; it comes to us instead, and we end after it.
private func waitingForPrograms<Result>(_ body: () throws -> Result) rethrows -> Result {
    _ = clinux_set_child_subreaper(1)  // without it they end a moment after us
    defer {
        var child = clinux_child()
        while clinux_wait(0, 0, &child) == 1 || errno == EINTR {}
    }
    return try body()
}
