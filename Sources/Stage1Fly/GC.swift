import Glibc
import Stage1Interface

/// Checks its arguments; everything this flavor makes is in the pod's directory or in its mount namespace.
func collectGarbage(_ words: [String]) throws -> CInt {
    _ = try GCArguments(parsing: words)
    return 0
}
