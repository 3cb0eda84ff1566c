namespace Interlace.Ranks;

/// <summary>Bytes from one rank to another, for work that is dealt out. Several threads may call.</summary>
public interface IMessages
{
    /// <summary>Sends bytes; returns when the caller may use them for something else.</summary>
    void Send(int to, byte[] content);

    /// <summary>A message that has come, from any rank; null where there is none.</summary>
    (int From, byte[] Content)? Receive();
}
