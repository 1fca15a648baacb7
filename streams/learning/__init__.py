"""Learning: River models, delayed labels, the label guard and prequential figures."""
