import AppContainer
import LinuxSystem
import Stage1Kit
import Testing

@Suite struct SocketActivationTests {
    private func app(_ name: String, _ ports: Port...) throws -> (name: ACName, ports: [Port]) {
        (try ACName(name), ports)
    }

    private func port(
        _ name: String, _ number: UInt16, _ protocol: String = "tcp", count: UInt32 = 1, activated: Bool = true
    ) throws -> Port {
        try Port(ACName(name), protocol: `protocol`, port: number, count: count, isSocketActivated: activated)
    }

    @Test func `each socket goes to the app whose port it is, in the order in which they came`() throws {
        let sockets = [
            PassedSocket(descriptor: 70, transport: .tcp, port: 443),
            PassedSocket(descriptor: 71, transport: .udp, port: 53),
            PassedSocket(descriptor: 72, transport: .tcp, port: 80),
            PassedSocket(descriptor: 73, transport: .tcp, port: 443),
        ]
        let assignment = SocketAssignment(
            sockets,
            apps: [
                try app("web", port("http", 80), port("https", 443)), try app("names", port("dns", 53, "udp")),
            ])
        let web = try #require(assignment.sockets[ACName("web")])
        #expect(web.map(\.name.rawValue) == ["https", "http", "https"])
        #expect(web.map(\.descriptor) == [70, 72, 73])
        #expect(try assignment.sockets[ACName("names")]?.map(\.descriptor) == [71])
        #expect(assignment.unclaimed == [])
        #expect(assignment.warnings == [])
    }

    @Test func `a port that is not socket-activated, another protocol or number gets nothing`() throws {
        let socket = PassedSocket(descriptor: 70, transport: .tcp, port: 80)
        for other in [
            try port("http", 80, activated: false), try port("http", 80, "udp"), try port("http", 81),
            try port("http", 70, count: 10),
        ] {
            let assignment = SocketAssignment([socket], apps: [try app("web", other)])
            #expect(assignment.sockets == [:])
            #expect(assignment.unclaimed == [socket])
            #expect(
                assignment.warnings.first
                    == "warning: no app has a socket-activated port for the passed socket of tcp port 80, closing it")
        }
    }

    @Test func `a range of ports is one name`() throws {
        let sockets = (8000...8002).map { PassedSocket(descriptor: CInt($0), transport: .tcp, port: $0) }
        let assignment = SocketAssignment(sockets, apps: [try app("web", port("many", 8000, count: 3))])
        #expect(try assignment.sockets[ACName("web")]?.map(\.name.rawValue) == ["many", "many", "many"])
    }

    @Test func `the first app with the port gets the socket`() throws {
        let socket = PassedSocket(descriptor: 70, transport: .tcp, port: 80)
        let assignment = SocketAssignment([socket], apps: [try app("a", port("x", 80)), try app("b", port("y", 80))])
        #expect(try assignment.sockets.keys.map(\.rawValue) == [ACName("a").rawValue])
        #expect(
            assignment.warnings == [
                "warning: nobody has passed a socket for the socket-activated port \"y\" (tcp 80) of app 'b', ignoring"
            ])
    }

    @Test func `what listens on no port is of no app`() throws {
        let socket = PassedSocket(descriptor: 70, transport: nil, port: 80)
        let assignment = SocketAssignment([socket], apps: [try app("web", port("http", 80))])
        #expect(assignment.unclaimed == [socket])
        #expect(
            assignment.warnings.first == "warning: no app has a socket-activated port for "
                + "a passed descriptor that listens on no port, closing it")
    }
}
