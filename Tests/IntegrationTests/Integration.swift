import TestSupport
import Testing

/// Everything that runs the installed programs.
///
/// One after the other: each test compares the mounts, cgroups and processes of the machine before and after itself.
@Suite(.serialized, .enabled(if: Requirements.root, "pods need root"))
struct Integration {}
