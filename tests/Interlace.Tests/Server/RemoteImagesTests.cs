using System.Net;
using System.Net.Sockets;
using System.Text;
using Interlace.Server;

namespace Interlace.Tests.Server;

public sealed class RemoteImagesTests : IDisposable
{
    private readonly LoopbackServer _server;

    public RemoteImagesTests() => _server = new(Answer);

    public void Dispose() => _server.Dispose();

    private Task<byte[]> Fetch(string path, Func<IPAddress, bool>? isAllowed = null, long most = 100)
    {
        var remote = new RemoteImages(isAllowed ?? (_ => true), most);
        return remote.Fetch(new Uri($"http://localhost:{_server.Port}{path}"), "Image 1", CancellationToken.None);
    }

    private async Task<string> Refusal(string path, Func<IPAddress, bool>? isAllowed = null, long most = 100)
    {
        var refusal = await Assert.ThrowsAsync<RequestException>(() => Fetch(path, isAllowed, most));
        Assert.Equal(400, refusal.Status);
        return refusal.Message;
    }

    [Fact]
    public async Task Images_are_fetched_within_their_bounds()
    {
        Assert.Equal("hello"u8.ToArray(), await Fetch("/5"));
        Assert.Equal("hello"u8.ToArray(), await Fetch("/to/5"));
        Assert.Contains("more than 4 bytes", await Refusal("/5", most: 4), StringComparison.Ordinal);
        Assert.Contains("more than 4 bytes", await Refusal("/unsaid", most: 4), StringComparison.Ordinal);
        Assert.Contains("redirects", await Refusal("/loop"), StringComparison.Ordinal);
        Assert.Contains("status 404", await Refusal("/none"), StringComparison.Ordinal);
        Assert.Contains("only http", await Refusal("/file"), StringComparison.Ordinal);
        using var remote = new RemoteImages(_ => true, 100);
        var closed = await Assert.ThrowsAsync<RequestException>(() =>
            remote.Fetch(new Uri("http://127.0.0.1:1/"), "Image 1", CancellationToken.None));
        Assert.Contains("cannot be reached", closed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_address_of_this_machine_is_asked_directly_by_name_or_by_redirect()
    {
        Assert.Contains("open internet", await Refusal("/5", PublicAddresses.Holds), StringComparison.Ordinal);
        int asked = 0, first = Dns.GetHostAddresses("localhost").Length;   // each of them is looked at once
        Assert.Contains("open internet", await Refusal("/elsewhere", _ => ++asked <= first), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("8.8.8.8", true), InlineData("93.184.215.14", true), InlineData("2606:4700::1111", true)]
    [InlineData("127.0.0.1", false), InlineData("10.1.2.3", false), InlineData("172.20.0.1", false), InlineData("192.168.1.1", false)]
    [InlineData("169.254.169.254", false), InlineData("100.64.0.1", false), InlineData("0.0.0.0", false), InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false), InlineData("::1", false), InlineData("::", false), InlineData("fe80::1", false)]
    [InlineData("fd00::1", false), InlineData("ff02::1", false), InlineData("::ffff:127.0.0.1", false), InlineData("::127.0.0.1", false)]
    [InlineData("64:ff9b::7f00:1", false), InlineData("2002:7f00:1::", false), InlineData("2001:db8::1", false)]
    [InlineData("::ffff:8.8.8.8", true)]
    public void The_open_internet_is_told_from_the_rest(string address, bool isPublic) =>
        Assert.Equal(isPublic, PublicAddresses.Holds(IPAddress.Parse(address)));

    private async Task Answer(LoopbackServer.Request request, NetworkStream stream, CancellationToken end)
    {
        static string To(string location) => $"302 X\r\nLocation: {location}\r\nContent-Length: 0\r\n";
        string answer = request.Path switch
        {
            "/5" => "200 X\r\nContent-Length: 5\r\n",
            "/unsaid" => "200 X\r\n",
            "/to/5" => To("/5"),
            "/loop" => To("/loop"),
            "/file" => To("ftp://example.org/a.png"),
            "/elsewhere" => To($"{_server.Address}/5"),
            _ => "404 X\r\nContent-Length: 0\r\n",
        };
        string body = request.Path is "/5" or "/unsaid" ? "hello" : "";
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {answer}Connection: close\r\n\r\n{body}"), end);
    }
}
