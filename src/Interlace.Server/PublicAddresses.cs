using System.Net;
using System.Net.Sockets;

namespace Interlace.Server;

/// <summary>
/// Addresses that belong to the open internet. Others lead into the server's own machine or network, where a caller must not be able to
/// send it: IANA's registries of special-purpose addresses (RFC 6890).
/// </summary>
internal static class PublicAddresses
{
    private static readonly IPNetwork[] Special =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        }.Select(IPNetwork.Parse),
    ];

    private static readonly IPNetwork Global = IPNetwork.Parse("2000::/3");

    // Documentation, and forms in which an IPv4 address hides (Teredo, 6to4).
    private static readonly IPNetwork[] SpecialOfGlobal =
        [.. new[] { "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20" }.Select(IPNetwork.Parse)];

    /// <summary>Whether an address is of the open internet.</summary>
    public static bool Holds(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetwork
            ? !Special.Any(network => network.Contains(address))
            : Global.Contains(address) && !SpecialOfGlobal.Any(network => network.Contains(address));
    }
}
