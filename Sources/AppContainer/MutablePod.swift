extension PodManifest {
    /// Whether apps may come and go while the pod runs; `nil` when the annotation that tells is no truth value.
    ///
    /// Source: rkt 1.30.0, pkg/pod/sandbox.go; `strconv.ParseBool`.
    package var hasMutableApps: Bool? {
        switch annotations["coreos.com/rkt/stage1/mutable"] {
        case nil, "0", "f", "F", "false", "FALSE", "False": false
        case "1", "t", "T", "true", "TRUE", "True": true
        case _?: nil
        }
    }
}
