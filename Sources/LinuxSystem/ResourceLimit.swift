import CLinux

/// The soft and the hard limit of this process for a resource by its number; `UInt64.max` is none.
///
/// Source: getrlimit(2).
package func resourceLimit(_ resource: UInt32) throws(SystemCallError) -> (soft: UInt64, hard: UInt64) {
    var soft: UInt64 = 0
    var hard: UInt64 = 0
    try check("getrlimit", "resource \(resource)") {
        clinux_getrlimit(CInt(truncatingIfNeeded: resource), &soft, &hard)
    }
    return (soft, hard)
}

/// Sets both; a hard limit above the present one needs `CAP_SYS_RESOURCE`.
///
/// What is as wanted already is left alone.
///
/// Source: setrlimit(2).
package func setResourceLimit(_ resource: UInt32, soft: UInt64, hard: UInt64) throws(SystemCallError) {
    if try resourceLimit(resource) == (soft, hard) { return }
    try check("setrlimit", "resource \(resource) to \(soft):\(hard)") {
        clinux_setrlimit(CInt(truncatingIfNeeded: resource), soft, hard)
    }
}

/// Raises the hard limit to `hard`, if it is lower, and leaves the soft one.
///
/// Needs `CAP_SYS_RESOURCE`. For limits that are set when that is gone.
package func makeRoom(for resource: UInt32, hard: UInt64) throws(SystemCallError) {
    let present = try resourceLimit(resource)
    if hard > present.hard { try setResourceLimit(resource, soft: present.soft, hard: hard) }
}

/// Whether this process may raise its hard limits and lower its out-of-memory score.
///
/// Source: capabilities(7), CAP_SYS_RESOURCE.
package func hasResourceCapability() throws(SystemCallError) -> Bool {
    var effective: UInt64 = 0
    var permitted: UInt64 = 0
    var inheritable: UInt64 = 0
    try check("capget", "this process") { clinux_capget(&effective, &permitted, &inheritable) }
    return effective & 1 << 24 != 0
}
