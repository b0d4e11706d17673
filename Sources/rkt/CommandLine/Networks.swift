import LinuxSystem

/// The value of `--net` for a pod's stage1, from what the command line says.
///
/// Our own stage1-ns has no networks yet beside the host's and none at all; without the flag a pod gets none, and the user
/// is told. Every other stage1 gets what the user wrote, `default` without the flag, as in the original.
///
/// `stage1` is the name of the stage1 image, `log` is called with the sentence for the user. A network that stage1-ns does not
/// have is a `Failure`.
func networkArgument(_ requested: [String], stage1: String, log: (String) -> Void) throws -> String {
    guard stage1 == "coreos.com/rkt/stage1-ns" else {
        return requested.isEmpty ? "default" : requested.joined(separator: ",")
    }
    if requested.isEmpty {
        log("networks of its own are not available yet, the pod gets --net=none; --net=host is the other choice")
        return "none"
    }
    guard requested == ["none"] || requested == ["host"] else {
        throw Failure("--net=\(requested.joined(separator: ",")): not available yet; use --net=none or --net=host")
    }
    return requested[0]
}
