namespace Interlace.Ranks;

/// <summary>What a message between a leader and a member means: its first byte.</summary>
internal enum MessageKind : byte
{
    /// <summary>Leader: do this task.</summary>
    Call,

    /// <summary>Leader: a task with this model may follow.</summary>
    Prepare,

    /// <summary>Member: the task is done.</summary>
    Done,

    /// <summary>Leader: the program ends.</summary>
    End,

    /// <summary>Member: give me a piece of work.</summary>
    Request,

    /// <summary>Leader: the number of a piece.</summary>
    Piece,

    /// <summary>Leader: no piece is left.</summary>
    NoPiece,

    /// <summary>Member: what came of a piece, its number first.</summary>
    Result,

    /// <summary>Member: no result of a dealing is still to come.</summary>
    Dealt,
}
